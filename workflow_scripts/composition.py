"""Core, shared and task-specific neurons by layer: the data of the paper's Figure 3."""

from typing import Any

from safeneuron.artifacts.manifests import gate_passed
from safeneuron.artifacts.tables import write_rows
from safeneuron.command import stage
from safeneuron.neurons.analyses import COMPOSITION, category_sets, composition_rows

if __name__ == "__main__":
    with stage(__doc__, dict[str, Any], inputs=("model",), many=("neurons",)) as args:
        context = {**args.settings["context"], "gate_passed": gate_passed(args.model)}
        sets = category_sets(args.neurons, args.model)
        rows = composition_rows(sets, context)
        write_rows(args.out, COMPOSITION, rows)
