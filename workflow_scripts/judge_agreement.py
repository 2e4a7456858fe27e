"""How far every two judges agree on what succeeded, by model state and target."""

from safeneuron.artifacts.gates import with_gates
from safeneuron.artifacts.tables import read_table, write_csv, write_rows
from safeneuron.command import stage
from safeneuron.results.judge_agreement import JUDGE_AGREEMENT, judge_agreement

if __name__ == "__main__":
    with stage(__doc__, many=("verdicts", "validations"), outputs=("out", "csv")) as args:
        rows = with_gates(judge_agreement(args.verdicts), args.validations)
        write_rows(args.out, JUDGE_AGREEMENT, rows)
        write_csv(args.csv, read_table(args.out, JUDGE_AGREEMENT))
