"""Capability of every model state, clean and under attack, in one table."""

from typing import Any

from safeneuron.artifacts.gates import with_gates
from safeneuron.artifacts.tables import read_table, write_csv, write_rows
from safeneuron.capability.schemas import CAPABILITY, MEASURED
from safeneuron.command import stage

if __name__ == "__main__":
    with stage(
        __doc__, dict[str, Any], many=("measured", "validations"), outputs=("out", "csv")
    ) as args:
        contexts = with_gates(args.settings["contexts"], args.validations)
        rows = [
            {**context, **row}
            for measured, context in zip(args.measured, contexts, strict=True)
            for row in read_table(measured, MEASURED).to_pylist()
        ]
        write_rows(args.out, CAPABILITY, rows)
        write_csv(args.csv, read_table(args.out, CAPABILITY))
