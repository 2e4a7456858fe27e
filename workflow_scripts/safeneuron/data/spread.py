"""A few of many prompts, spread evenly over all: the same ones each time."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")


def spread(sequence: Sequence[T], most: int) -> list[T]:
    """At most so many of a sequence, evenly spread, in its order."""
    count = min(most, len(sequence))
    places = np.linspace(0, len(sequence) - 1, count).round().astype(int)
    return [sequence[place] for place in places]


def halves(sequence: Sequence[T], most: int) -> tuple[list[T], list[T]]:
    """At most so many, evenly spread, dealt in turn: to estimate with, and to choose by."""
    some = spread(sequence, most)
    return some[::2], some[1::2]
