"""Criterion `sas`: the mean shift, z-scored in its layer, of neurons that shift up (§3.2.2)."""

import numpy as np

from safeneuron.neurons.criteria.criterion import Criterion
from safeneuron.neurons.moments import Moments


def shift(unsafe: Moments, safe: Moments) -> np.ndarray:
    """Mean shift unsafe - safe in units of the activation, [layers, neurons]."""
    return unsafe.mean - safe.mean


def layer_z(values: np.ndarray) -> np.ndarray:
    """Z-score over the neurons of each layer (paper Eq. 10; population standard deviation).

    The paper does not say which standard deviation; n and n - 1 differ by less than 1e-3 in z for
    500 or more neurons. A layer without any variation scores 0. Neurons without a value (NaN) have
    no score, and those of their layer are compared without them.
    """
    if np.isnan(values).any():
        return np.stack([_z_of_known(row) for row in values])
    centred = values - values.mean(axis=1, keepdims=True)
    spread = values.std(axis=1, keepdims=True)
    rounding = 1e-12 * np.abs(values).max(axis=1, keepdims=True)
    return np.divide(centred, spread, out=np.zeros_like(centred), where=spread > rounding)


def _z_of_known(row: np.ndarray) -> np.ndarray:
    scores, known = np.full_like(row, np.nan), ~np.isnan(row)
    if known.any():
        scores[known] = layer_z(row[known][None])[0]
    return scores


def shift_z(unsafe: Moments, safe: Moments) -> np.ndarray:
    """The shift, z-scored over the neurons of its layer (Eq. 10), [layers, neurons]."""
    return layer_z(shift(unsafe, safe))


SAS = Criterion("z-scored shift", shift_z, lambda scores: scores["shift"] > 0)
