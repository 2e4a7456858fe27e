"""Overlap of category sets for every K-subset against a random null: the data of Figure 5."""

from typing import Any

from safeneuron.artifacts.manifests import gate_passed
from safeneuron.artifacts.tables import write_rows
from safeneuron.command import stage
from safeneuron.neurons.analyses import OVERLAP, category_sets, overlap_rows

if __name__ == "__main__":
    with stage(__doc__, dict[str, Any], inputs=("model",), many=("neurons",)) as args:
        settings = args.settings
        context = {**settings["context"], "gate_passed": gate_passed(args.model)}
        sets = category_sets(args.neurons, args.model)
        rows = overlap_rows(sets, context, settings["null_draws"], settings["seed"])
        write_rows(args.out, OVERLAP, rows)
