"""Neurons that a set by scores and a linear probe's share, layer by layer: the data of Figure 7."""

from typing import Any

from safeneuron.artifacts.manifests import gate_passed, neuron_grid
from safeneuron.artifacts.tables import read_table, write_csv, write_rows
from safeneuron.command import stage
from safeneuron.neurons.files import read_neuron_set
from safeneuron.neurons.probe_overlap import PROBE_OVERLAP, probe_overlap_rows

if __name__ == "__main__":
    with stage(__doc__, dict[str, Any], many=("models", "neurons"), outputs=("out", "csv")) as args:
        settings = args.settings
        names = settings["selections"]
        rows = []
        for number, (model, state) in enumerate(zip(args.models, settings["states"], strict=True)):
            files = args.neurons[number * len(names) : (number + 1) * len(names)]
            grid = neuron_grid(model)
            masks = {n: read_neuron_set(f, grid).union for n, f in zip(names, files, strict=True)}
            for selection in (name for name in names if name not in settings["probes"]):
                for probe in settings["probes"]:
                    context = {
                        **state,
                        "gate_passed": gate_passed(model),
                        "selection": selection,
                        "probe": probe,
                    }
                    rows += probe_overlap_rows(masks[selection], masks[probe], context)
        write_rows(args.out, PROBE_OVERLAP, rows)
        write_csv(args.csv, read_table(args.out, PROBE_OVERLAP))
