"""A seeded draw of so many from many that keeps the categories' proportions."""

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np


def stratified(categories: Sequence[str], count: int, seed: int) -> list[int]:
    """Indices of `count` items (all, if there are fewer), in ascending order.

    Which items of a category are drawn depends on the seed, its name, its size and how many are
    drawn of it, and not on the other categories or on how they are ordered among each other.

    Args:
        categories: of the items.
        count: how many to draw; see `allocation` for how many of each category.
    """
    members: dict[str, list[int]] = {}
    for index, category in enumerate(categories):
        members.setdefault(category, []).append(index)
    drawn: list[int] = []
    for category, number in allocation({c: len(m) for c, m in members.items()}, count).items():
        order = _generator(seed, category).permutation(len(members[category]))
        drawn += [members[category][i] for i in order[:number]]
    return sorted(drawn)


def allocation(sizes: Mapping[str, int], count: int) -> dict[str, int]:
    """How many of each category `count` items are, by largest remainders with one at least.

    Where `count` is below the number of categories, the largest of them get one each. Ties go to
    the smaller category, then by name, so that the order of the categories decides nothing.
    """
    total = sum(sizes.values())
    if count >= total:
        return dict(sizes)
    if count < len(sizes):
        largest = sorted(sizes, key=lambda c: (-sizes[c], c))[:count]
        return {category: int(category in largest) for category in sizes}
    given = dict.fromkeys(sizes, 1)
    for _ in range(count - len(sizes)):
        # furthest below its exact share, count * size / total
        neediest = min(sizes, key=lambda c: (given[c] * total - count * sizes[c], sizes[c], c))
        given[neediest] += 1
    return given


def _generator(seed: int, category: str) -> np.random.Generator:
    """A generator of its own for each category."""
    return np.random.default_rng([seed, *hashlib.sha256(category.encode()).digest()[:8]])
