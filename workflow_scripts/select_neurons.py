"""The neuron set of one contrast by one selection: the neurons of each of its criteria."""

import logging

from safeneuron.artifacts.tables import read_about
from safeneuron.command import stage
from safeneuron.neurons.criteria import read_criteria
from safeneuron.neurons.selection import select
from safeneuron.neurons.sets import NeuronSet, SetIdentity, write_neuron_set
from safeneuron.neurons.settings import SelectSettings

if __name__ == "__main__":
    with stage(__doc__, SelectSettings, inputs=("scores",)) as args:
        settings = args.settings
        masks = select(read_criteria(args.scores), settings.criteria, settings.rule)
        of = read_about(args.scores)
        state = {name: of[name] for name in ("model", "arm", "round", "seed")}
        about = SetIdentity(**state, selection=settings.selection, contrast=of["contrast"])
        neurons = NeuronSet(masks, about)
        write_neuron_set(args.out, neurons)
        by = ", ".join(f"{mask.sum()} by {name}" for name, mask in masks.items())
        logging.info("%s, %d in the union, of %d", by, neurons.union.sum(), neurons.union.size)
