"""Layers that have fewer neurons than others: their places in a grid are the first ones.

Masks, moments and scores are arrays [layers, neurons] of the widest layer. What a narrower layer
does not have is never scored, selected, drawn, intervened on or counted.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

_WIDTHS = "widths"


def all_present(shape: tuple[int, ...]) -> np.ndarray:
    """The grid of layers that are all as wide, boolean [layers, neurons]."""
    return np.ones(shape, dtype=bool)


def layer_widths(mask: np.ndarray, present: np.ndarray | None) -> np.ndarray:
    """How many neurons each layer of a mask's grid has, int64 [layers].

    Args:
        present: the neurons that there are; None for all.
    """
    return (all_present(mask.shape) if present is None else present).sum(axis=1)


def of_widths(widths: list[int], neurons: int) -> np.ndarray:
    """Which neurons there are, boolean [layers, neurons].

    Args:
        widths: of each layer.
        neurons: of the widest one, or more.
    """
    return np.arange(neurons) < np.array(widths)[:, None]


def described(present: np.ndarray) -> dict[str, Any]:
    """What a file says of a grid: its sizes, and the layers' widths where some are narrower."""
    layers, neurons = present.shape
    grid = {"layers": layers, "neurons": neurons}
    return grid if present.all() else {**grid, _WIDTHS: present.sum(axis=1).tolist()}


def read_grid(about: Mapping[str, Any]) -> np.ndarray:
    """The grid that a file describes, boolean [layers, neurons]."""
    shape = about["layers"], about["neurons"]
    return of_widths(about[_WIDTHS], shape[1]) if _WIDTHS in about else all_present(shape)
