"""Random neuron sets that match another in its number of neurons per layer: the control."""

import numpy as np


def matched_random(mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A uniformly random mask with the same number of neurons in each layer as `mask`."""
    drawn = np.zeros_like(mask)
    for layer, count in enumerate(mask.sum(axis=1)):
        drawn[layer, rng.choice(mask.shape[1], size=count, replace=False)] = True
    return drawn
