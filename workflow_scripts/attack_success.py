"""The one table that everything about robustness is read from."""

from typing import Any

from safeneuron.artifacts.gates import with_gates
from safeneuron.artifacts.tables import read_table, write_csv, write_rows
from safeneuron.command import stage
from safeneuron.interventions.schemas import VERDICTS
from safeneuron.results.attack_success import ATTACK_SUCCESS, attack_success

if __name__ == "__main__":
    with stage(
        __doc__, dict[str, Any], many=("verdicts", "validations"), outputs=("out", "csv")
    ) as args:
        settings = args.settings
        roles = dict(settings["roles"])
        rows = []
        contexts = with_gates(settings["contexts"], args.validations)
        for verdicts, context in zip(args.verdicts, contexts, strict=True):
            rows += attack_success(read_table(verdicts, VERDICTS), roles, context)
        write_rows(args.out, ATTACK_SUCCESS, rows)
        write_csv(args.csv, read_table(args.out, ATTACK_SUCCESS))
