"""Criterion `abs_welch`: Welch's t in magnitude, of the two-sided test."""

import numpy as np

from safeneuron.neurons.criteria.criterion import Criterion
from safeneuron.neurons.criteria.welch import welch_t
from safeneuron.neurons.moments import Moments


def abs_welch_t(unsafe: Moments, safe: Moments) -> np.ndarray:
    """|Welch's t|, [layers, neurons]."""
    return np.abs(welch_t(unsafe, safe))


ABS_WELCH = Criterion("Welch's t in magnitude", abs_welch_t, lambda scores: scores["abs_welch"] > 0)
