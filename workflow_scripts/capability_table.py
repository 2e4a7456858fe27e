"""Capability of every model state, clean and under attack, in one table."""

from safeneuron.artifacts.gates import with_gates
from safeneuron.artifacts.tables import read_table, read_tables, write_csv, write_rows
from safeneuron.capability.schemas import CAPABILITY, MEASURED
from safeneuron.command import stage

if __name__ == "__main__":
    with stage(__doc__, many=("measured", "validations"), outputs=("out", "csv")) as args:
        rows = read_tables(args.measured, MEASURED).to_pylist()
        write_rows(args.out, CAPABILITY, with_gates(rows, args.validations))
        write_csv(args.csv, read_table(args.out, CAPABILITY))
