"""Criterion `abs_sas`: the z-scored shift's magnitude, on either side of its layer's mean."""

import numpy as np

from safeneuron.neurons.criteria.activation_shift import shift_z
from safeneuron.neurons.criteria.criterion import Criterion
from safeneuron.neurons.moments import Moments


def abs_shift_z(unsafe: Moments, safe: Moments) -> np.ndarray:
    """|z-scored shift|, [layers, neurons]."""
    return np.abs(shift_z(unsafe, safe))


ABS_SAS = Criterion("z-scored shift's magnitude", abs_shift_z, lambda scores: scores["abs_sas"] > 0)
