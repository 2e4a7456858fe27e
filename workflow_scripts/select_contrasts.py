"""The neuron sets of several contrasts by one selection."""

from safeneuron.command import stage
from safeneuron.neurons.selected_sets import write_selected
from safeneuron.neurons.settings import SelectSettings

if __name__ == "__main__":
    with stage(
        __doc__, SelectSettings, many=("scores",), outputs=(), many_outputs=("out",)
    ) as args:
        for scores, out in zip(args.scores, args.out, strict=True):
            write_selected(out, scores, args.settings)
