"""Where neurons lie and how many categories share them (paper Fig. 3 and 4)."""

from typing import NamedTuple

import numpy as np


class Composition(NamedTuple):
    """Neurons per layer, int64 [layers], by how many of the categories' sets hold them."""

    core: np.ndarray
    shared: np.ndarray
    specific: np.ndarray


def composition(sets: np.ndarray) -> Composition:
    """Split the union of category sets into core (in all), shared (several) and specific (one).

    Args:
        sets: boolean [categories, layers, neurons], at least two categories.
    """
    if len(sets) < 2:
        raise ValueError("core, shared and specific neurons need at least two categories")
    holders = sets.sum(axis=0)
    return Composition(
        core=(holders == len(sets)).sum(axis=1),
        shared=((holders > 1) & (holders < len(sets))).sum(axis=1),
        specific=(holders == 1).sum(axis=1),
    )


def normalised_depth(layers: int) -> np.ndarray:
    """Depth of each layer in [0, 1]: 0 for the first, 1 for the last."""
    return np.linspace(0.0, 1.0, layers) if layers > 1 else np.zeros(1)
