"""Criterion `es`: Cohen's d of unsafe against safe prompts (paper Eq. 5 to 7)."""

import numpy as np

from safeneuron.neurons.criteria.criterion import Criterion
from safeneuron.neurons.moments import Moments


def effect_size(unsafe: Moments, safe: Moments) -> np.ndarray:
    """Cohen's d with the pooled standard deviation (paper Eq. 5 and 6), [layers, neurons].

    A neuron that is constant on both sides has d = 0 if the constants agree, else +-inf.
    """
    freedom = unsafe.count + safe.count - 2
    pooled = np.sqrt((unsafe.m2 + safe.m2) / freedom)
    shift = unsafe.mean - safe.mean
    with np.errstate(divide="ignore", invalid="ignore"):
        d = shift / pooled
    return np.where(shift == 0, 0.0, d)


ES = Criterion("effect size", effect_size, lambda scores: scores["es"] > 0)
