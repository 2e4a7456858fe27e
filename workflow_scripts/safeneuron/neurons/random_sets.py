"""Random neuron sets that match another in its number of neurons per layer: the controls."""

import numpy as np

from safeneuron.neurons.grid import layer_widths


def matched_random(
    mask: np.ndarray, rng: np.random.Generator, present: np.ndarray | None = None
) -> np.ndarray:
    """A uniformly random mask with the same number of neurons in each layer as `mask`.

    Args:
        present: the neurons that there are, see `neurons.grid`; None for all.
    """
    drawn = np.zeros_like(mask)
    widths = layer_widths(mask, present)
    for layer, count in enumerate(mask.sum(axis=1)):
        drawn[layer, rng.choice(widths[layer], size=count, replace=False)] = True
    return drawn


def nested_random(
    mask: np.ndarray, rng: np.random.Generator, present: np.ndarray | None = None
) -> np.ndarray:
    """A uniformly random mask with the same number of neurons in each layer as `mask`.

    It is the first of each layer's neurons in an order that the generator alone decides: of two
    masks, drawn by generators in the same state, the one with fewer neurons in a layer has its
    neurons there among the other's. They are drawn from all neurons, those of `mask` too.

    Args:
        present: the neurons that there are, see `neurons.grid`; None for all.
    """
    places = rng.permuted(np.tile(np.arange(mask.shape[1]), (len(mask), 1)), axis=1)
    if present is not None:  # absent ones come last
        places = np.where(present, places, mask.shape[1]).argsort(axis=1).argsort(axis=1)
    return places < mask.sum(axis=1, keepdims=True)
