"""How far every two judges agree on what succeeded, by model state and target."""

from safeneuron.artifacts.tables import read_table, write_csv, write_rows
from safeneuron.command import stage
from safeneuron.results.gates import read_gates
from safeneuron.results.judge_agreement import JUDGE_AGREEMENT, judge_agreement

if __name__ == "__main__":
    with stage(__doc__, inputs=("gates",), many=("verdicts",), outputs=("out", "csv")) as args:
        write_rows(
            args.out, JUDGE_AGREEMENT, judge_agreement(args.verdicts, read_gates(args.gates))
        )
        write_csv(args.csv, read_table(args.out, JUDGE_AGREEMENT))
