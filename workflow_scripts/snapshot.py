"""Copy the tables and figures that git keeps of an experiment into results/EXPERIMENT-snapshot."""

from safeneuron.command import stage
from safeneuron.results.snapshot import SnapshotSettings, copy_results

if __name__ == "__main__":
    with stage(__doc__, SnapshotSettings, many=("files",)) as args:
        copy_results(args.files, args.settings.folder, args.out)
