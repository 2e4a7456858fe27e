"""How long the overlap of category sets over all subsets takes, beside Python sets (Figure 5)."""

from collections.abc import Iterator
from functools import partial
from itertools import combinations
from pathlib import Path
from statistics import fmean

import numpy as np
from benchmarks.figures import Curve, Figure, Found, Goal, figure
from benchmarks.measure import Work, in_turns, ratio, spread

from safeneuron.neurons.overlap import overlap_curves, overlap_null

LAYERS, NEURONS, SHARE = 40, 600_000, 0.01  # of all layers; in a set
CATEGORIES, MANY, DRAWS = 10, 20, 200


def category_sets(categories: int, neurons: int, seed: int = 0) -> np.ndarray:
    """Random sets that share a third of their neurons, boolean [categories, layers, neurons]."""
    rng = np.random.default_rng(seed)
    shape = (LAYERS, neurons // LAYERS)
    shared = rng.random(shape) < SHARE / 3
    return shared | (rng.random((categories, *shape)) < 2 * SHARE / 3)


def python_sets(sets: list[set[int]]) -> dict[str, list[float]]:
    """Measure -> mean for K = 2 … C, subset by subset."""
    pairs = {
        (a, b): len(sets[a] & sets[b]) / len(sets[a] | sets[b])
        for a, b in combinations(range(len(sets)), 2)
    }
    means: dict[str, list[float]] = {
        "intersection_over_union": [],
        "intersection_over_smallest": [],
        "mean_pairwise_jaccard": [],
    }
    for k in range(2, len(sets) + 1):
        over_union, over_smallest, jaccard = [], [], []
        for members in combinations(range(len(sets)), k):
            group = [sets[i] for i in members]
            shared = len(set.intersection(*group))
            over_union.append(shared / len(set.union(*group)))
            over_smallest.append(shared / min(map(len, group)))
            jaccard.append(fmean(pairs[pair] for pair in combinations(members, 2)))
        for of_k, values in zip(means.values(), (over_union, over_smallest, jaccard), strict=True):
            of_k.append(fmean(values))
    return means


def as_python_sets(sets: np.ndarray) -> list[set[int]]:
    """Numbers of the neurons of each category."""
    return [set(np.flatnonzero(mask).tolist()) for mask in sets]


def with_null(sets: np.ndarray, draws: int) -> None:
    """What the workflow's rule computes."""
    overlap_curves(sets)
    overlap_null(sets, draws, np.random.default_rng(0))


def difference(sets: np.ndarray) -> float:
    """The largest between a mean of ours and of Python sets'."""
    ours, theirs = overlap_curves(sets), python_sets(as_python_sets(sets))
    return max(float(np.abs(ours[name].mean - means).max()) for name, means in theirs.items())


def curves() -> Iterator[Curve]:
    """Seconds against neurons, with the null, and against categories, without."""
    for size, sizes, work in (
        ("neurons", [NEURONS >> 3, NEURONS >> 2, NEURONS >> 1, NEURONS], _of_neurons),
        ("categories", [2, 4, 8, 16], _of_categories),
    ):
        turns = in_turns({at: work(at) for at in sizes})
        costs = [spread(turns[at]).median for at in sizes]
        yield Curve("overlap", f"seconds by {size}", size, sizes, costs, "s", 1)


def _of_neurons(neurons: int) -> Work:
    return partial(with_null, category_sets(CATEGORIES, neurons), DRAWS)


def _of_categories(categories: int) -> Work:
    return partial(overlap_curves, category_sets(categories, NEURONS))


def measured(manifest: Path | None) -> Found:
    """The row."""
    sets, many = category_sets(CATEGORIES, NEURONS), category_sets(MANY, NEURONS)
    as_sets = as_python_sets(sets)
    turns = in_turns(
        {
            "curves": partial(overlap_curves, sets),
            "python": partial(python_sets, as_sets),
            "null": partial(with_null, sets, DRAWS),
            "many": partial(with_null, many, DRAWS),
        }
    )
    of = partial(figure, "overlap")
    figures: list[Figure] = [
        of(
            f"{CATEGORIES} categories, {NEURONS:,} neurons, {DRAWS} null draws",
            spread(turns["null"]),
            "s",
            Goal(at_most=1),
        ),
        of(f"{MANY} categories, as many", spread(turns["many"]), "s", Goal(at_most=10)),
        of(
            f"speed-up, {CATEGORIES} categories, no null",
            ratio(turns["python"], turns["curves"]),
            "x",
            baseline="Python sets",
            error=difference(sets),
            error_of="of a mean overlap",
        ),
    ]
    grown = list(curves())
    return Found([*figures, *(curve.growth() for curve in grown)], grown)
