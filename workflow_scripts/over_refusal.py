"""What becomes of safe prompts under attack, benchmark by benchmark."""

from safeneuron.artifacts.tables import read_table, write_csv, write_rows
from safeneuron.command import stage
from safeneuron.results.gates import read_gates
from safeneuron.results.over_refusal import OVER_REFUSAL, over_refusal

if __name__ == "__main__":
    with stage(__doc__, inputs=("gates",), many=("verdicts",), outputs=("out", "csv")) as args:
        write_rows(args.out, OVER_REFUSAL, over_refusal(args.verdicts, read_gates(args.gates)))
        write_csv(args.csv, read_table(args.out, OVER_REFUSAL))
