"""Neurons that are found on a model in which those found before are zero, time after time."""

import logging
from collections.abc import Iterator

import numpy as np
from transformers import PreTrainedModel

from safeneuron.attribution.settings import SelectedAgain
from safeneuron.capture.capture import capture_moments
from safeneuron.interventions.zeroing import zeroed
from safeneuron.models.first_tokens import Ids
from safeneuron.neurons.found_again import Masks
from safeneuron.neurons.scores import score
from safeneuron.neurons.selection import masks

log = logging.getLogger(__name__)


def found_again(
    model: PreTrainedModel,
    unsafe: Ids,
    safe: Ids,
    first: Masks,
    selected: SelectedAgain,
    batch_size: int,
    pad_id: int,
) -> Iterator[Masks]:
    """What is found the first time, the second time, and so on, by criterion.

    Each time but the first, the paper's identification (§3.2) is made of the model in which all
    neurons found before are zero. They cannot be found again, but count among the neurons of their
    layers. A time at which no other neuron is above the thresholds finds none.

    Args:
        first: the set that the selection finds on the model as it is.
    """
    zero = np.logical_or.reduce([*first.values()])
    yield first
    for time in range(2, selected.times + 1):
        with zeroed(model, zero):
            sides = [
                capture_moments(model, side, [selected.pooling], batch_size, pad_id)
                for side in (unsafe, safe)
            ]
        scores = score(*(side[selected.pooling] for side in sides))
        others = {name: np.where(zero, np.nan, values) for name, values in scores.items()}
        size = int(sides[0][selected.pooling].present.sum())
        found = masks(others, selected.criteria, selected.rule, size)
        new = np.logical_or.reduce([*found.values()])
        zero = zero | new
        log.info("time %d: %d other neurons, %d in all", time, new.sum(), zero.sum())
        yield found
