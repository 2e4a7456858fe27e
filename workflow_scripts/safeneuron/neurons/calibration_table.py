"""What a test says of neuron sets by thresholds on scores, and what it says where nothing differs.

The null is made of safe prompts alone, dealt at random into groups and a side that these are
contrasted with (`neurons.regrouping`): their labels mean nothing, so every discovery is false.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from itertools import product
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

import numpy as np

from safeneuron.artifacts.tables import COUNT, GATED_STATE, REAL, TEXT, schema
from safeneuron.neurons.calibration import discoveries, p_values
from safeneuron.neurons.calibration_settings import CalibrationSettings, PooledSelection
from safeneuron.neurons.moments import load_moments, merge
from safeneuron.neurons.regrouped_sets import Contrast, contrasts
from safeneuron.neurons.scores import score
from safeneuron.neurons.selection import masks
from safeneuron.neurons.sets import NeuronSet, read_neuron_set
from safeneuron.statistics.intervals import wilson_interval

CALIBRATION = schema(
    **GATED_STATE,
    selection=TEXT,
    pooling=TEXT,
    target=TEXT,  # a criterion of the selection, or all of them
    contrast=TEXT,
    n_unsafe=COUNT,
    n_safe=COUNT,
    neurons=COUNT,
    selected=COUNT,
    q=REAL,
    discovered=COUNT,  # of all neurons, unsafe above safe
    discovered_two_sided=COUNT,
    survived=COUNT,  # of the selected ones
    survived_two_sided=COUNT,
    least_effect_size=REAL,  # the smallest of a discovered neuron; null where there is none
    # the same where labels mean nothing, mean over contrasts
    null_contrasts=COUNT,
    null_n_unsafe=REAL,
    null_n_safe=REAL,
    null_selected=REAL,
    null_discovered=REAL,
    null_discovered_two_sided=REAL,
    null_survived=REAL,
    null_any=REAL,  # share of them with a two-sided discovery; at most q is expected
    null_any_low=REAL,  # 95 % Wilson interval, as if draws were independent
    null_any_high=REAL,
)

_AVERAGED = (
    "n_unsafe", "n_safe", "selected", "discovered", "discovered_two_sided", "survived",
)  # fmt: skip

Counts = dict[str, Any]


class Tested(NamedTuple):
    """A contrast's scores, and the neurons that the test discovers, [layers, neurons]."""

    contrast: Contrast
    scores: Mapping[str, np.ndarray]
    one_sided: np.ndarray
    two_sided: np.ndarray


def tested(contrast: Contrast, q: float) -> Tested:
    """What Welch's test says of a contrast at a false-discovery rate."""
    scores = score(*contrast)
    found = [discoveries(p_values(scores, name), q) for name in ("welch", "abs_welch")]
    return Tested(contrast, scores, *found)


def counts(selected: np.ndarray, test: Tested) -> Counts:
    """The columns of `CALIBRATION` that are of a set and its own contrast, but for `q`.

    Args:
        selected: boolean [layers, neurons].
    """
    one, two = test.one_sided, test.two_sided
    return {
        "n_unsafe": test.contrast.group.prompts,
        "n_safe": test.contrast.safe.prompts,
        "neurons": int(test.contrast.group.present.sum()),
        "selected": int(selected.sum()),
        "discovered": int(one.sum()),
        "discovered_two_sided": int(two.sum()),
        "survived": int((selected & one).sum()),
        "survived_two_sided": int((selected & two).sum()),
        "least_effect_size": float(test.scores["es"][one].min()) if one.any() else None,
    }


def calibration_rows(
    settings: CalibrationSettings,
    neurons: Sequence[Path],
    unsafe: Sequence[Path],
    safe: Sequence[Path],
    nulls: Sequence[Path],
) -> Iterator[dict[str, Any]]:
    """Rows of `CALIBRATION`, but for `gate`, one a state, selection, contrast and target.

    Args:
        neurons: sets, state by state, selection by selection, contrast by contrast.
        unsafe: moments, state by state, contrast by contrast.
        safe: moments of each state.
        nulls: moments of groups, state by state, data set by data set; none if there are no draws.
    """
    sets, of_contrasts, of_groups = iter(neurons), iter(unsafe), iter(nulls)
    for of, safe_side in zip(settings.states, safe, strict=True):
        sides = {contrast: next(of_contrasts) for contrast in settings.contrasts}
        groups = {
            dataset: next(of_groups) for dataset in (settings.categories if settings.draws else ())
        }
        null = _null_counts(settings, of.selections, groups)
        for chosen in of.selections:
            other = load_moments(safe_side, chosen.pooling)
            for contrast, path in sides.items():
                selected = read_neuron_set(next(sets))
                test = tested(Contrast(load_moments(path, chosen.pooling), other), settings.q)
                for target in _targets(selected):
                    drawn = null[chosen.selection.selection, target, _null_of(contrast)]
                    yield {
                        **selected.about.context,
                        "pooling": chosen.pooling,
                        "target": target,
                        "contrast": contrast,
                        "q": settings.q,
                        **counts(selected.by(target), test),
                        **of_null(drawn),
                    }


def of_null(drawn: Sequence[Counts]) -> Counts:
    """The columns of `CALIBRATION` that are of contrasts whose labels mean nothing.

    Args:
        drawn: `counts` of each; the columns are empty without any.
    """
    hits = sum(one["discovered_two_sided"] > 0 for one in drawn)
    some = wilson_interval(hits, len(drawn)) if drawn else (None, None)
    return {
        "null_contrasts": len(drawn),
        **{
            f"null_{name}": fmean(one[name] for one in drawn) if drawn else None
            for name in _AVERAGED
        },
        "null_any": hits / len(drawn) if drawn else None,
        "null_any_low": some[0],
        "null_any_high": some[1],
    }


def _targets(neurons: NeuronSet) -> list[str]:
    """Each criterion of a set, and all of them."""
    return list(dict.fromkeys([*neurons.masks, "+".join(neurons.masks)]))


def _null_of(contrast: str) -> str:
    """What the null of a contrast is known by: `overall`, or the data set of a category."""
    return contrast.partition("/")[0]


def _null_counts(
    settings: CalibrationSettings, chosen: Sequence[PooledSelection], groups: Mapping[str, Path]
) -> dict[tuple[str, str, str], list[Counts]]:
    """Selection, target, `_null_of` a contrast -> counts of each contrast of groups.

    Groups are to the side that they share as categories to the safe side, and together to it as all
    unsafe prompts are.
    """
    found: dict[tuple[str, str, str], list[Counts]] = defaultdict(list)
    for pooling in dict.fromkeys(one.pooling for one in chosen):
        selections = [one.selection for one in chosen if one.pooling == pooling]
        for (dataset, path), draw in product(groups.items(), range(settings.draws)):
            pseudo = contrasts(path, pooling, draw, settings.categories[dataset])["pseudo"]
            whole = Contrast(reduce(merge, [one.group for one in pseudo]), pseudo[0].safe)
            for name, compared in [("overall", whole), *((dataset, one) for one in pseudo)]:
                test, size = tested(compared, settings.q), int(compared.group.present.sum())
                for selection in selections:
                    by = masks(test.scores, selection.criteria, selection.rule, size)
                    everything = {"+".join(by): np.logical_or.reduce([*by.values()])}
                    for target, mask in (by | everything).items():
                        found[selection.selection, target, name].append(counts(mask, test))
    return found
