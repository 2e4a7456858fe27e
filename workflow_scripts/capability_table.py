"""Capability of every model state, clean and under attack, in one table."""

from typing import Any

from safeneuron.artifacts.manifests import gate_passed
from safeneuron.artifacts.tables import read_table, write_csv, write_rows
from safeneuron.capability.schemas import CAPABILITY, MEASURED
from safeneuron.command import stage

if __name__ == "__main__":
    with stage(
        __doc__, dict[str, Any], many=("measured", "models"), outputs=("out", "csv")
    ) as args:
        contexts = zip(args.measured, args.models, args.settings["contexts"], strict=True)
        rows = [
            {**context, "gate_passed": gate_passed(model), **row}
            for measured, model, context in contexts
            for row in read_table(measured, MEASURED).to_pylist()
        ]
        write_rows(args.out, CAPABILITY, rows)
        write_csv(args.csv, read_table(args.out, CAPABILITY))
