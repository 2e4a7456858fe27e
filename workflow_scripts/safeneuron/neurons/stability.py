"""How much of a neuron set is found again from other prompts, against how many prompts there are.

Groups of prompts that are no categories (`neurons.regrouping`) are joined to two halves without a
prompt in common, and the set of each is selected. What the halves share is the most that two
categories of as many prompts could be expected to share, if they had the same safety neurons.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from itertools import combinations
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

import numpy as np

from safeneuron.artifacts.tables import COUNT, GATED_STATE, REAL, TEXT, schema
from safeneuron.neurons.calibration_settings import PooledSelection, StabilitySettings
from safeneuron.neurons.moments import Moments, load_moments, merge
from safeneuron.neurons.regrouped_sets import Contrast
from safeneuron.neurons.regrouping import group_name
from safeneuron.neurons.scores import score
from safeneuron.neurons.selection import masks, top_neurons
from safeneuron.neurons.sets import NeuronSet, read_neuron_set
from safeneuron.neurons.topic_control import expected_share
from safeneuron.statistics.crossed import mean_share_interval

HALVES, APART, CATEGORIES = "halves", "halves_apart", "categories"
"""What is compared: halves of the unsafe prompts, each with all safe prompts as the categories are;
the same with safe prompts of their own; the categories themselves, as in Figure 5."""

STABILITY = schema(
    **GATED_STATE,
    selection=TEXT,
    dataset=TEXT,
    compared=TEXT,
    n_unsafe=REAL,  # prompts of each of the two, mean over pairs; null of categories
    n_safe=REAL,
    pairs=COUNT,
    draws=COUNT,
    selected=REAL,  # neurons of a set, mean
    jaccard=REAL,  # mean over pairs
    jaccard_low=REAL,  # 95 % interval of the mean over draws of the halves
    jaccard_high=REAL,
    jaccard_random=REAL,  # of random sets with as many neurons in each layer
    top=COUNT,  # neurons of the set by all unsafe prompts: as many of the highest are compared
    top_shared=REAL,  # share of these that both rank so high
    top_shared_low=REAL,
    top_shared_high=REAL,
)


class Pair(NamedTuple):
    """What two contrasts without a prompt in common find."""

    n_unsafe: float
    n_safe: float
    selected: float
    jaccard: float
    jaccard_random: float
    top_shared: float


def stability_rows(
    settings: StabilitySettings, neurons: Sequence[Path], nulls: Sequence[Path]
) -> Iterator[dict[str, Any]]:
    """Rows of `STABILITY`, but for `gate`: a state, selection, data set and number of prompts.

    Args:
        neurons: sets, state by state, selection by selection: of all unsafe prompts, then of the
            categories of each data set.
        nulls: moments of groups, state by state, data set by data set.
    """
    sets, files = iter(neurons), iter(nulls)
    for of in settings.states:
        groups = {dataset: next(files) for dataset in settings.categories}
        for chosen in of.selections:
            overall = read_neuron_set(next(sets))
            for dataset, count in settings.categories.items():
                about = {**overall.about.context, "dataset": dataset}
                path, top = groups[dataset], int(overall.union.sum())
                categories = [read_neuron_set(next(sets)) for _ in range(count)]
                for (compared, _), draws in _halves(
                    path, chosen, top, count, settings.draws
                ).items():
                    yield {**about, "compared": compared, "top": top, **of_draws(draws)}
                yield {**about, "compared": CATEGORIES, "top": top, **of_categories(categories)}


def halves(count: int) -> list[int]:
    """How many groups a half is joined of: 1, 2, 4 … and half of all groups."""
    most = count // 2
    return sorted({*(1 << power for power in range(most.bit_length())), most} - {0})


def of_draws(draws: Sequence[Sequence[Pair]]) -> dict[str, Any]:
    """The columns of `STABILITY` that are of halves: of the pairs of each draw."""
    means = [Pair(*(fmean(values) for values in zip(*pairs, strict=True))) for pairs in draws]
    jaccards = mean_share_interval([mean.jaccard for mean in means])
    top = mean_share_interval([mean.top_shared for mean in means])
    return {
        **{name: fmean(getattr(mean, name) for mean in means) for name in Pair._fields},
        "pairs": sum(map(len, draws)),
        "draws": len(draws),
        "jaccard_low": jaccards.low,
        "jaccard_high": jaccards.high,
        "top_shared_low": top.low,
        "top_shared_high": top.high,
    }


def of_categories(sets: Sequence[NeuronSet]) -> dict[str, Any]:
    """The same of every two categories' sets, of which the scores are not read."""
    unions = [one.union for one in sets]
    pairs = list(combinations(unions, 2))
    return {
        **dict.fromkeys(
            ("n_unsafe", "n_safe", "jaccard_low", "jaccard_high", "top_shared", "top_shared_low",
             "top_shared_high")
        ),
        "pairs": len(pairs),
        "draws": 0,
        "selected": fmean(int(one.sum()) for one in unions),
        "jaccard": fmean(jaccard(*pair) for pair in pairs),
        "jaccard_random": fmean(random_jaccard(*pair) for pair in pairs),
    }  # fmt: skip


def jaccard(one: np.ndarray, other: np.ndarray) -> float:
    """Jaccard index of two masks; 0 of two empty ones, which find nothing again."""
    union = int((one | other).sum())
    return int((one & other).sum()) / union if union else 0.0


def random_jaccard(one: np.ndarray, other: np.ndarray) -> float:
    """About what random sets with as many neurons in each layer have, by the expected overlap."""
    if not one.any() or not other.any():
        return 0.0
    shared = expected_share(one, other) * int(one.sum())
    return shared / (int(one.sum()) + int(other.sum()) - shared)


def _halves(
    path: Path, chosen: PooledSelection, top: int, count: int, draws: int
) -> Mapping[tuple[str, int], list[list[Pair]]]:
    """What is compared, and groups of a half -> the pairs of each draw."""
    found: dict[tuple[str, int], list[list[Pair]]] = defaultdict(list)
    for draw in range(draws):
        groups = [
            load_moments(path, group_name(chosen.pooling, draw, number))
            for number in range(2 * count + 1)
        ]
        unsafe, dealt, held_out = groups[:count], reduce(merge, groups[count:-1]), groups[-1]
        whole = merge(dealt, held_out)
        for size in halves(count):
            joined = [
                reduce(merge, unsafe[first : first + size])
                for first in range(0, count - count % (2 * size), size)
            ]
            pairs = list(zip(joined[::2], joined[1::2], strict=True))
            for compared, sides in ((HALVES, (whole, whole)), (APART, (dealt, held_out))):
                found[compared, size].append([_pair(pair, sides, chosen, top) for pair in pairs])
    return dict(sorted(found.items(), key=lambda item: (item[0][0] != HALVES, item[0][1])))


def _pair(
    unsafe: tuple[Moments, Moments],
    safe: tuple[Moments, Moments],
    chosen: PooledSelection,
    top: int,
) -> Pair:
    criteria, rule = chosen.selection.criteria, chosen.selection.rule
    scores = [score(*contrast) for contrast in map(Contrast, unsafe, safe)]
    size = int(unsafe[0].present.sum())
    sets = [np.logical_or.reduce([*masks(one, criteria, rule, size).values()]) for one in scores]
    highest = [top_neurons(one, "+".join(criteria), top) for one in scores]
    return Pair(
        n_unsafe=fmean(side.prompts for side in unsafe),
        n_safe=fmean(side.prompts for side in safe),
        selected=fmean(int(one.sum()) for one in sets),
        jaccard=jaccard(*sets),
        jaccard_random=random_jaccard(*sets),
        top_shared=int((highest[0] & highest[1]).sum()) / top,
    )
