"""Overlap of category sets over every subset of K categories (paper Fig. 5), exactly.

Each neuron is reduced to the bit mask of the categories that hold it; sums over supersets of a
mask then give the intersection of every subset at once, in 2^C * C additions for C categories.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from safeneuron.neurons.random_sets import matched_random
from safeneuron.statistics.intervals import prediction_interval

MEASURES = ("intersection_over_union", "intersection_over_smallest", "mean_pairwise_jaccard")
MAX_CATEGORIES = 20


class OverlapCurve(NamedTuple):
    """Overlap against subset size, each float64 [C - 1] for K = 2 ... C.

    Attributes:
        mean, sd: over all subsets of K categories (population standard deviation).
        low, high: smallest and largest over the subsets.
    """

    mean: np.ndarray
    sd: np.ndarray
    low: np.ndarray
    high: np.ndarray


class OverlapNull(NamedTuple):
    """The mean curve of sets that are no categories', over draws of them, each float64 [C - 1].

    Attributes:
        low, high: where 95 % of draws lie.
    """

    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray


def overlap_curves(sets: np.ndarray) -> dict[str, OverlapCurve]:
    """Measure -> curve.

    A subset whose union (or smallest set) is empty has overlap 0.

    Args:
        sets: boolean [categories, layers, neurons], 2 to 20 categories.

    Raises:
        ValueError: too few or too many categories.
    """
    categories = len(sets)
    if not 2 <= categories <= MAX_CATEGORIES:
        raise ValueError(f"{categories} categories; overlap needs 2 to {MAX_CATEGORIES}")
    intersection, union = _subset_counts(sets)
    sizes = intersection[1 << np.arange(categories)]
    subsets = np.arange(1 << categories)
    members = (subsets[:, None] >> np.arange(categories)) & 1
    cardinality = members.sum(axis=1)
    smallest = np.where(members == 1, sizes, np.iinfo(np.int64).max).min(axis=1)
    values = {
        "intersection_over_union": _ratio(intersection, union),
        "intersection_over_smallest": _ratio(intersection, smallest),
        "mean_pairwise_jaccard": _mean_pairwise_jaccard(intersection, union, members),
    }
    return {name: _curve(value, cardinality, categories) for name, value in values.items()}


def overlap_null(
    sets: np.ndarray, draws: int, rng: np.random.Generator, coverage: float = 0.95
) -> dict[str, OverlapNull]:
    """What the curves look like for independent random sets of the same sizes per layer."""
    curves: dict[str, list[np.ndarray]] = {name: [] for name in MEASURES}
    for _ in range(draws):
        random = np.stack([matched_random(mask, rng) for mask in sets])
        for name, curve in overlap_curves(random).items():
            curves[name].append(curve.mean)
    tails = [(1 - coverage) / 2, (1 + coverage) / 2]
    return {
        name: OverlapNull(np.mean(c, axis=0), *np.quantile(c, tails, axis=0))
        for name, c in curves.items()
    }


def regrouped_null(draws: Sequence[np.ndarray]) -> dict[str, OverlapNull]:
    """What the curves look like for sets of prompts that are grouped otherwise.

    Draws are few, so `low` and `high` hold the next one with 95 % by Student's t, within [0, 1].

    Args:
        draws: each boolean [groups, layers, neurons]; two draws at least.
    """
    curves = [overlap_curves(sets) for sets in draws]
    return {name: _few_draws(np.stack([c[name].mean for c in curves])) for name in MEASURES}


def _few_draws(curves: np.ndarray) -> OverlapNull:
    bounds = np.array([prediction_interval(values.tolist()) for values in curves.T])
    return OverlapNull(curves.mean(axis=0), *np.clip(bounds.T, 0, 1))


def _subset_counts(sets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sizes of intersection and union for every subset, int64 [2^C], indexed by bit mask."""
    categories = len(sets)
    flat = sets.reshape(categories, -1).astype(np.int64)
    holders = (flat << np.arange(categories)[:, None]).sum(axis=0)
    exact = np.bincount(holders, minlength=1 << categories)
    supersets, within = exact.copy(), exact.copy()
    for bit in range(categories):
        view = supersets.reshape(-1, 2, 1 << bit)
        view[:, 0] += view[:, 1]
        view = within.reshape(-1, 2, 1 << bit)
        view[:, 1] += view[:, 0]
    everything = (1 << categories) - 1
    union = exact.sum() - within[everything ^ np.arange(1 << categories)]
    return supersets, union


def _mean_pairwise_jaccard(
    intersection: np.ndarray, union: np.ndarray, members: np.ndarray
) -> np.ndarray:
    """Mean Jaccard index over the pairs inside each subset, float64 [2^C]."""
    categories = members.shape[1]
    total = np.zeros(len(members))
    pairs = np.zeros(len(members))
    for a in range(categories):
        for b in range(a):
            pair = (1 << a) | (1 << b)
            inside = members[:, a] & members[:, b]
            total += inside * _ratio(intersection[pair], union[pair])
            pairs += inside
    return np.divide(total, pairs, out=np.zeros_like(total), where=pairs > 0)


def _ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    numerator = np.asarray(numerator, dtype=float)
    return np.divide(
        numerator, denominator, out=np.zeros_like(numerator), where=np.asarray(denominator) > 0
    )


def _curve(values: np.ndarray, cardinality: np.ndarray, categories: int) -> OverlapCurve:
    groups = [values[cardinality == k] for k in range(2, categories + 1)]
    return OverlapCurve(
        mean=np.array([g.mean() for g in groups]),
        sd=np.array([g.std() for g in groups]),
        low=np.array([g.min() for g in groups]),
        high=np.array([g.max() for g in groups]),
    )
