"""What every training froze and what it moved, in one table."""

from safeneuron.artifacts.gates import with_gates
from safeneuron.artifacts.manifests import read_manifest
from safeneuron.artifacts.tables import read_table, write_csv, write_rows
from safeneuron.command import stage
from safeneuron.results.freeze_reports import FREEZE_REPORTS

if __name__ == "__main__":
    with stage(__doc__, many=("reports", "validations"), outputs=("out", "csv")) as args:
        rows = with_gates(map(read_manifest, args.reports), args.validations)
        write_rows(args.out, FREEZE_REPORTS, rows)
        write_csv(args.csv, read_table(args.out, FREEZE_REPORTS))
