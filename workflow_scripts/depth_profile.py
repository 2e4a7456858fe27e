"""Fraction of neurons that are safety neurons against depth, by model: the data of Figure 4."""

from typing import Any

from safeneuron.artifacts.manifests import gate_passed, neuron_grid
from safeneuron.artifacts.tables import write_rows
from safeneuron.command import stage
from safeneuron.neurons.analyses import DEPTH_PROFILE, depth_profile_rows
from safeneuron.neurons.files import read_neuron_set

if __name__ == "__main__":
    with stage(__doc__, dict[str, Any], many=("models", "neurons")) as args:
        rows = []
        # neuron sets come model by model, each model's in the order of the contexts
        for number, (neurons, context) in enumerate(
            zip(args.neurons, args.settings["contexts"], strict=True)
        ):
            model = args.models[number // (len(args.neurons) // len(args.models))]
            mask = read_neuron_set(neurons, neuron_grid(model)).union
            rows += depth_profile_rows(mask, {**context, "gate_passed": gate_passed(model)})
        write_rows(args.out, DEPTH_PROFILE, rows)
