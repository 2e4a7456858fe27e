"""Endless draws of examples for a training."""

from collections.abc import Iterator, Sequence

import numpy as np


def endless_batches(
    groups: Sequence[np.ndarray], sizes: Sequence[int], rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """Endless batches of example indices with a fixed number from each group, epoch by epoch."""

    def endless(group: np.ndarray) -> Iterator[int]:
        while True:
            yield from rng.permutation(group)

    streams = [endless(group) for group in groups]
    while True:
        yield np.array(
            [next(s) for s, size in zip(streams, sizes, strict=True) for _ in range(size)]
        )
