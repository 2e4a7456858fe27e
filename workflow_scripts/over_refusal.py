"""What becomes of safe prompts under attack, benchmark by benchmark."""

from safeneuron.artifacts.gates import with_gates
from safeneuron.artifacts.tables import read_table, write_csv, write_rows
from safeneuron.command import stage
from safeneuron.results.over_refusal import OVER_REFUSAL, over_refusal

if __name__ == "__main__":
    with stage(__doc__, many=("verdicts", "validations"), outputs=("out", "csv")) as args:
        rows = with_gates(over_refusal(args.verdicts), args.validations)
        write_rows(args.out, OVER_REFUSAL, rows)
        write_csv(args.csv, read_table(args.out, OVER_REFUSAL))
