"""Criterion `abs_es`: the effect size's magnitude, so that a neuron that falls silent counts."""

import numpy as np

from safeneuron.neurons.criteria.criterion import Criterion
from safeneuron.neurons.criteria.effect_size import effect_size
from safeneuron.neurons.moments import Moments


def abs_effect_size(unsafe: Moments, safe: Moments) -> np.ndarray:
    """|Cohen's d|, [layers, neurons]."""
    return np.abs(effect_size(unsafe, safe))


ABS_ES = Criterion("effect size's magnitude", abs_effect_size, lambda scores: scores["abs_es"] > 0)
