"""Overlap of category sets over every subset of K categories (paper Fig. 5), exactly.

Each neuron is reduced to the bit mask of the categories that hold it; sums over supersets of a
mask then give the intersection of every subset at once, in 2^C * C additions for C categories.
"""

from collections.abc import Iterator, Sequence
from math import comb
from typing import NamedTuple

import numpy as np

from safeneuron.neurons.grid import layer_widths
from safeneuron.statistics.intervals import prediction_interval

MEASURES = ("intersection_over_union", "intersection_over_smallest", "mean_pairwise_jaccard")
MAX_CATEGORIES = 20
_NUMBERS_AT_ONCE = 1 << 23  # of 8 bytes, in a draw of the null


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
    return _curves(_held(sets))


def overlap_null(
    sets: np.ndarray,
    draws: int,
    rng: np.random.Generator,
    coverage: float = 0.95,
    present: np.ndarray | None = None,
) -> dict[str, OverlapNull]:
    """What the curves look like for independent random sets of the same sizes per layer.

    Args:
        present: the neurons that there are, boolean [layers, neurons]; None for all.

    Raises:
        ValueError: too few or too many categories.
    """
    curves: dict[str, list[np.ndarray]] = {name: [] for name in MEASURES}
    widths = layer_widths(sets[0], present)
    for held in _random_held(sets, widths, draws, rng):
        for name, mean in _mean_curves(held).items():
            curves[name].append(mean)
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

    Raises:
        ValueError: too few or too many groups.
    """
    curves = [_mean_curves(_held(sets)) for sets in draws]
    return {name: _few_draws(np.stack([c[name] for c in curves])) for name in MEASURES}


def _few_draws(curves: np.ndarray) -> OverlapNull:
    bounds = np.array([prediction_interval(values.tolist()) for values in curves.T])
    return OverlapNull(curves.mean(axis=0), *np.clip(bounds.T, 0, 1))


def _held(sets: np.ndarray) -> np.ndarray:
    """How many neurons just the categories of each subset hold, int64 [2^C], by bit mask.

    Raises:
        ValueError: too few or too many categories.
    """
    categories = len(sets)
    if not 2 <= categories <= MAX_CATEGORIES:
        raise ValueError(f"{categories} categories; overlap needs 2 to {MAX_CATEGORIES}")
    holders = np.zeros(sets[0].size, dtype=np.int32)
    for bit, mask in enumerate(sets):
        holders |= mask.ravel().astype(np.int32) << bit
    return np.bincount(holders, minlength=1 << categories)


def _random_held(
    sets: np.ndarray, widths: np.ndarray, draws: int, rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """`_held` of independent random sets of the same sizes per layer, draw by draw.

    Where a layer has more neurons than there are subsets, no neuron is drawn, but how many each
    subset holds: of the neurons that every combination of earlier sets has, the next set takes a
    multivariate hypergeometric share.
    """
    categories, layers, neurons = sets.shape
    if 1 << categories > neurons:
        for _ in range(draws):
            holders = np.zeros((layers, neurons), dtype=np.int32)
            for bit, sizes in enumerate(sets.sum(axis=2)):
                for row, width, size in zip(holders, widths, sizes, strict=True):
                    row[rng.choice(width, size, replace=False)] |= 1 << bit
            yield np.bincount(holders.ravel(), minlength=1 << categories)
        return
    at_once = max(1, _NUMBERS_AT_ONCE // (layers << categories))
    for first in range(0, draws, at_once):
        shape = (min(at_once, draws - first), layers)
        held = np.broadcast_to(widths, (1, *shape)).copy()
        for sizes in sets.sum(axis=2):
            taken = np.zeros_like(held)
            left, wanted = np.broadcast_to(widths, shape).copy(), np.tile(sizes, (len(taken[0]), 1))
            for having, take in zip(held, taken, strict=True):
                left -= having
                some = having > 0
                take[some] = rng.hypergeometric(having[some], left[some], wanted[some])
                wanted -= take
            held = np.concatenate([held - taken, taken])
        yield from held.sum(axis=2).T


def _curves(held: np.ndarray) -> dict[str, OverlapCurve]:
    """Measure -> curve, from how many neurons just the categories of each subset hold."""
    categories = len(held).bit_length() - 1
    supersets, union = _intersections_and_unions(held)
    jaccard = _pairwise_jaccard(supersets, union)
    overlaps = np.zeros(1)  # summed over the pairs of each subset
    for a in range(categories):
        with_a = _over_members(0.0, jaccard[a, :a], np.add)
        overlaps = np.concatenate([overlaps, overlaps + with_a])
    cardinality = _over_members(0, np.ones(categories, dtype=int), np.add)
    smallest = _over_members(held.sum(), _set_sizes(supersets), np.minimum)
    order = np.argsort(cardinality, kind="stable")
    starts = np.searchsorted(cardinality, np.arange(2, categories + 1), sorter=order)
    values = {
        "intersection_over_union": _ratio(supersets, union),
        "intersection_over_smallest": _ratio(supersets, smallest),
        "mean_pairwise_jaccard": _ratio(overlaps, cardinality * (cardinality - 1) / 2),
    }
    return {name: _curve(np.split(value[order], starts)[1:]) for name, value in values.items()}


def _mean_curves(held: np.ndarray) -> dict[str, np.ndarray]:
    """Measure -> `OverlapCurve.mean` alone, the dearest of whose parts are left out.

    Most subsets of many sets share nothing and add nothing to a mean; and every pair is in as many
    subsets of one size as any other, so that the mean over pairs is the same for all sizes.
    """
    categories = len(held).bit_length() - 1
    supersets, union = _intersections_and_unions(held)
    sharing = 1 + np.flatnonzero(supersets[1:])
    smallest = np.full(len(sharing), held.sum())
    for bit, size in enumerate(_set_sizes(supersets)):
        np.minimum(smallest, size, out=smallest, where=(sharing >> bit & 1).astype(bool))
    members = np.bitwise_count(sharing)
    pairs = _pairwise_jaccard(supersets, union)[np.tril_indices(categories, -1)]

    def mean(overlaps: np.ndarray) -> np.ndarray:
        sums = np.bincount(members, overlaps, minlength=categories + 1)[2:]
        return sums / [comb(categories, k) for k in range(2, categories + 1)]

    return {
        "intersection_over_union": mean(supersets[sharing] / union[sharing]),
        "intersection_over_smallest": mean(supersets[sharing] / smallest),
        "mean_pairwise_jaccard": np.full(categories - 1, pairs.mean()),
    }


def _intersections_and_unions(held: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How many neurons all members of each subset hold, and how many any of them does."""
    supersets, within = held.copy(), held.copy()
    for bit in range(len(held).bit_length() - 1):
        view = supersets.reshape(-1, 2, 1 << bit)
        view[:, 0] += view[:, 1]
        view = within.reshape(-1, 2, 1 << bit)
        view[:, 1] += view[:, 0]
    return supersets, held.sum() - within[::-1]  # what is not within the other categories


def _set_sizes(supersets: np.ndarray) -> np.ndarray:
    """How many neurons each category holds."""
    return supersets[1 << np.arange(len(supersets).bit_length() - 1)]


def _pairwise_jaccard(supersets: np.ndarray, union: np.ndarray) -> np.ndarray:
    """Of every two categories, [categories, categories]."""
    single = 1 << np.arange(len(supersets).bit_length() - 1)
    pairs = single[:, None] | single
    return _ratio(supersets[pairs], union[pairs])


def _over_members(start: float, values: np.ndarray, combine: np.ufunc) -> np.ndarray:
    """For every subset, by bit mask, its members' values combined: each one doubles the subsets."""
    out = np.array([start])
    for value in values:
        out = np.concatenate([out, combine(out, value)])
    return out


def _ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    numerator = np.asarray(numerator, dtype=float)
    return np.divide(
        numerator, denominator, out=np.zeros_like(numerator), where=np.asarray(denominator) > 0
    )


def _curve(groups: Sequence[np.ndarray]) -> OverlapCurve:
    """Of the subsets of each size."""
    return OverlapCurve(
        mean=np.array([g.mean() for g in groups]),
        sd=np.array([g.std() for g in groups]),
        low=np.array([g.min() for g in groups]),
        high=np.array([g.max() for g in groups]),
    )
