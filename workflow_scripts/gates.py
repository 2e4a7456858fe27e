"""Which model states passed their validation gate."""

from safeneuron.artifacts.manifests import gate_passed
from safeneuron.artifacts.tables import write_rows
from safeneuron.command import stage
from safeneuron.results.gates import GATES, GatesSettings

if __name__ == "__main__":
    with stage(__doc__, GatesSettings, many=("models",)) as args:
        states = args.settings.states
        rows = [
            {**state.model_dump(), "gate_passed": gate_passed(manifest)}
            for state, manifest in zip(states, args.models, strict=True)
        ]
        write_rows(args.out, GATES, rows)
