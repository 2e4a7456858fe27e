"""Overlap of category sets for every K-subset against a random null: the data of Figure 5."""

from safeneuron.artifacts.gates import with_gates
from safeneuron.artifacts.tables import write_rows
from safeneuron.command import stage
from safeneuron.neurons.analyses import OVERLAP, category_sets, overlap_rows
from safeneuron.neurons.settings import NullSettings

if __name__ == "__main__":
    with stage(__doc__, NullSettings, many=("neurons", "validations")) as args:
        null = args.settings
        rows = overlap_rows(*category_sets(args.neurons), null.null_draws, null.seed)
        write_rows(args.out, OVERLAP, with_gates(rows, args.validations))
