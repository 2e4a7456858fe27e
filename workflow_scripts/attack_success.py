"""The one table that everything about robustness is read from."""

from safeneuron.artifacts.tables import read_table, write_csv, write_rows
from safeneuron.command import stage
from safeneuron.results.attack_success import ATTACK_SUCCESS, attack_success
from safeneuron.results.gates import read_gates

if __name__ == "__main__":
    with stage(__doc__, inputs=("gates",), many=("verdicts",), outputs=("out", "csv")) as args:
        write_rows(args.out, ATTACK_SUCCESS, attack_success(args.verdicts, read_gates(args.gates)))
        write_csv(args.csv, read_table(args.out, ATTACK_SUCCESS))
