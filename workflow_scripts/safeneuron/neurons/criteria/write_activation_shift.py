"""Criterion `write_sas`: the shift of what a neuron writes to the residual stream, z-scored.

Not in the paper. `sas` (§3.2.2) compares the activations of a layer's neurons with one another, yet
their unit is a choice: an `up` row times c > 0 and its `down` column over c leave the function as
it was. What a neuron writes, its activation times the norm of its `down` column, has no such
choice.
"""

import numpy as np

from safeneuron.neurons.criteria.activation_shift import layer_z, shift
from safeneuron.neurons.criteria.criterion import Criterion
from safeneuron.neurons.moments import Moments


def write_shift_z(unsafe: Moments, safe: Moments) -> np.ndarray:
    """The shift times the write norm, z-scored over the neurons of its layer, [layers, neurons]."""
    return layer_z(shift(unsafe, safe) * unsafe.write_norm)


WRITE_SAS = Criterion("z-scored shift of writes", write_shift_z, lambda scores: scores["shift"] > 0)
