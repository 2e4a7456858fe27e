"""Endless draws of examples for a training."""

from collections.abc import Iterator, Sequence
from itertools import cycle

import numpy as np


def endless_batches(
    groups: Sequence[np.ndarray], sizes: Sequence[int], rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """Endless batches of example indices with a fixed number from each group, epoch by epoch."""
    streams = [_endless(group, rng) for group in groups]
    while True:
        yield np.array(
            [next(s) for s, size in zip(streams, sizes, strict=True) for _ in range(size)]
        )


def endless_draws(groups: Sequence[np.ndarray], rng: np.random.Generator) -> Iterator[int]:
    """Endless example indices from groups in turn, epoch by epoch from each."""
    for stream in cycle([_endless(group, rng) for group in groups]):
        yield next(stream)


def _endless(group: np.ndarray, rng: np.random.Generator) -> Iterator[int]:
    while True:
        yield from rng.permutation(group)
