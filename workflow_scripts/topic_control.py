"""How much of each safety set the topic contrast and the length-matched contrast find as well."""

from typing import Any

from safeneuron.artifacts.manifests import gate_passed, neuron_grid
from safeneuron.artifacts.tables import read_table, write_csv, write_rows
from safeneuron.command import stage
from safeneuron.neurons.files import read_neuron_set
from safeneuron.neurons.topic_control import TOPIC_CONTROL, control_row

if __name__ == "__main__":
    with stage(
        __doc__, dict[str, Any], many=("models", "safety", "controls"), outputs=("out", "csv")
    ) as args:
        settings = args.settings
        rows = []
        for context, model, safety, control in zip(
            settings["contexts"], args.models, args.safety, args.controls, strict=True
        ):
            grid = neuron_grid(model)
            masks = (read_neuron_set(path, grid).union for path in (safety, control))
            gate = {"gate_passed": gate_passed(model)}
            rows.append(
                control_row(*masks, {**context, **gate}, settings["null_draws"], settings["seed"])
            )
        write_rows(args.out, TOPIC_CONTROL, rows)
        write_csv(args.csv, read_table(args.out, TOPIC_CONTROL))
