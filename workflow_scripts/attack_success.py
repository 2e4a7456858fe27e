"""The one table that everything about robustness is read from."""

from safeneuron.artifacts.gates import with_gates
from safeneuron.artifacts.tables import read_table, write_csv, write_rows
from safeneuron.command import stage
from safeneuron.results.attack_success import ATTACK_SUCCESS, attack_success

if __name__ == "__main__":
    with stage(__doc__, many=("verdicts", "validations"), outputs=("out", "csv")) as args:
        rows = with_gates(attack_success(args.verdicts), args.validations)
        write_rows(args.out, ATTACK_SUCCESS, rows)
        write_csv(args.csv, read_table(args.out, ATTACK_SUCCESS))
