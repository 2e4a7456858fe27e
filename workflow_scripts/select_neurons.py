"""The neuron set of one contrast by one selection: the neurons of each of its criteria."""

from safeneuron.command import stage
from safeneuron.neurons.selected_sets import write_selected
from safeneuron.neurons.settings import SelectSettings

if __name__ == "__main__":
    with stage(__doc__, SelectSettings, inputs=("scores",)) as args:
        write_selected(args.out, args.scores, args.settings)
