"""The neuron set that a selection makes of a table of scores."""

import logging
from pathlib import Path

from safeneuron.artifacts.tables import STATE, read_about
from safeneuron.errors import SafeNeuronError
from safeneuron.neurons.criteria import read_criteria
from safeneuron.neurons.grid import read_grid
from safeneuron.neurons.selection import select
from safeneuron.neurons.sets import NeuronSet, SetIdentity, write_neuron_set
from safeneuron.neurons.settings import SelectSettings

log = logging.getLogger(__name__)


def write_selected(path: Path, scores: Path, settings: SelectSettings) -> None:
    """Write the neuron set of one contrast, that of its scores.

    Raises:
        CorruptFileError: the scores are damaged.
        SafeNeuronError: the set has no neuron, or all of them; names the contrast.
    """
    criteria, of = read_criteria(scores), read_about(scores)
    contrast, present = of["contrast"], read_grid(of)
    size = int(present.sum())
    try:
        masks = select(criteria, settings.criteria, settings.rule, size)
    except SafeNeuronError as error:
        raise SafeNeuronError(f"contrast '{contrast}': {error}") from None
    state = {name: of[name] for name in STATE}
    about = SetIdentity(**state, selection=settings.selection, contrast=contrast)
    neurons = NeuronSet(masks, about, present)
    write_neuron_set(path, neurons)
    by = ", ".join(f"{mask.sum()} by {name}" for name, mask in masks.items())
    log.info("%s: %s, %d in the union, of %d", contrast, by, neurons.union.sum(), size)
