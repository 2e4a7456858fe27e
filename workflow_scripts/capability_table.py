"""Capability of every model state, clean and under attack, in one table."""

from safeneuron.artifacts.tables import read_table, read_tables, write_csv, write_rows
from safeneuron.capability.schemas import CAPABILITY, MEASURED
from safeneuron.command import stage
from safeneuron.results.gates import gated, read_gates

if __name__ == "__main__":
    with stage(__doc__, inputs=("gates",), many=("measured",), outputs=("out", "csv")) as args:
        gates = read_gates(args.gates)
        rows = read_tables(args.measured, MEASURED).to_pylist()
        write_rows(args.out, CAPABILITY, [row | gated(gates, row) for row in rows])
        write_csv(args.csv, read_table(args.out, CAPABILITY))
