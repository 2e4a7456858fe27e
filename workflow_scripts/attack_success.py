"""The one table that everything about robustness is read from."""

from typing import Any

from safeneuron.artifacts.manifests import gate_passed
from safeneuron.artifacts.tables import read_table, write_csv, write_rows
from safeneuron.command import stage
from safeneuron.interventions.schemas import VERDICTS
from safeneuron.results.attack_success import ATTACK_SUCCESS, attack_success

STATE = ("model", "arm", "round", "seed")

if __name__ == "__main__":
    with stage(
        __doc__, dict[str, Any], many=("verdicts", "models"), outputs=("out", "csv")
    ) as args:
        settings = args.settings
        gates = {
            tuple(state[name] for name in STATE): gate_passed(manifest)
            for state, manifest in zip(settings["states"], args.models, strict=True)
        }
        roles = dict(settings["roles"])
        rows = []
        for verdicts, context in zip(args.verdicts, settings["contexts"], strict=True):
            state = tuple(context[name] for name in STATE)
            context = {**context, "gate_passed": gates[state]}
            rows += attack_success(read_table(verdicts, VERDICTS), roles, context)
        write_rows(args.out, ATTACK_SUCCESS, rows)
        write_csv(args.csv, read_table(args.out, ATTACK_SUCCESS))
