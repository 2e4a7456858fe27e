"""From scores to masks, boolean [layers, neurons]: by thresholds, a count, a test, a probe."""

from collections.abc import Sequence

import numpy as np

from safeneuron.errors import SafeNeuronError
from safeneuron.neurons.calibration import discoveries, p_values
from safeneuron.neurons.criteria.activation_shift import layer_z
from safeneuron.neurons.criteria.criterion import Scores
from safeneuron.neurons.criteria.registry import CRITERIA, Thresholds
from safeneuron.neurons.settings import ByScores, Calibrated, Count


def select(
    scores: Scores, criteria: Sequence[str], rule: ByScores, size: int | None = None
) -> dict[str, np.ndarray]:
    """Criterion -> the neurons that the rule selects by it.

    Args:
        size: how many neurons there are; None where all that the scores have places for are.

    Raises:
        ValueError: it selects no neuron, or all of them, or lacks a threshold.
    """
    size = scores["shift"].size if size is None else size
    selected = masks(scores, criteria, rule, size)
    chosen = int(np.logical_or.reduce(list(selected.values())).sum())
    if chosen in (0, size):
        largest = (
            f"largest {CRITERIA[name].title} {_largest(scores[name]):.3g}" for name in criteria
        )
        raise SafeNeuronError(
            f"the rule {rule.model_dump(exclude_none=True)} selects {chosen} of {size} neurons; "
            f"{', '.join(largest)}"
        )
    return selected


def _largest(scores: np.ndarray) -> float:
    """The largest score; minus infinity if no neuron has one."""
    return float(np.max(scores, initial=-np.inf, where=~np.isnan(scores)))


def masks(
    scores: Scores, criteria: Sequence[str], rule: ByScores, size: int
) -> dict[str, np.ndarray]:
    """`select` of a contrast that may have no neurons, as nulls may not."""
    return {name: _selected(scores, name, rule, size) for name in criteria}


def _selected(scores: Scores, name: str, rule: ByScores, size: int) -> np.ndarray:
    if isinstance(rule, Thresholds):
        return above(scores, name, rule.model_dump()[name])
    if isinstance(rule, Calibrated):
        return discoveries(p_values(scores, name), rule.q) & CRITERIA[name].eligible(scores)
    count = rule.count if isinstance(rule, Count) else round(rule.fraction * size)
    return top_neurons(scores, name, count)


def above(scores: Scores, name: str, threshold: float | None) -> np.ndarray:
    """The neurons whose score exceeds a threshold: d > es (Eq. 7); z > sas, shift > 0 (Eq. 10)."""
    if threshold is None:
        raise SafeNeuronError(f"no threshold for the criterion '{name}'")
    return (scores[name] > threshold) & CRITERIA[name].eligible(scores)


def by_probe(weights: np.ndarray, z: float) -> np.ndarray:
    """The neurons whose weight stands out in its layer: z(weight) > z and weight > 0 (2509.11864).

    Unlike a set by scores it may be empty: then the probe leans on no few neurons.

    Args:
        weights: [layers, neurons], of each layer's own probe.
    """
    return (layer_z(weights) > z) & (weights > 0)


def top_neurons(scores: Scores, target: str, count: int) -> np.ndarray:
    """Mask of the `count` best neurons of the whole model, fewer if fewer are eligible.

    Of several criteria joined by `+` a neuron's best rank in any counts, so that targets can be
    compared at equal size. Ties go to the lower layer, then the lower neuron.
    """
    best = np.minimum.reduce([_ranks(scores, name) for name in target.split("+")])
    return _first(best, count).reshape(scores["shift"].shape)


def highest(values: np.ndarray, count: int) -> np.ndarray:
    """Mask of the `count` highest scores of the whole model, fewer if fewer are above 0.

    Ties go to the lower layer, then the lower neuron.

    Args:
        values: [layers, neurons].
    """
    return _first(_ranks_of(values, values > 0), count).reshape(values.shape)


def _first(best: np.ndarray, count: int) -> np.ndarray:
    """The `count` lowest ranks, boolean [all neurons]; of equal ones the first."""
    held = np.cumsum(np.bincount(best, minlength=best.size + 1)[:-1])  # up to each rank
    whole = int(np.searchsorted(held, count, side="right"))  # ranks that are taken entirely
    mask: np.ndarray = best < whole
    if whole < best.size:
        mask[np.flatnonzero(best == whole)[: count - int(mask.sum())]] = True
    return mask


def bottom_neurons(scores: Scores, target: str, count: int) -> np.ndarray:
    """Mask of the `count` neurons of the whole model that matter least.

    The other end of `top_neurons`, but that every neuron with a score has a rank here, also one
    that the criterion would never choose. Of several criteria a neuron's best rank in any counts,
    so that what is taken is low in all. Ties go to the lower layer, then the lower neuron.
    """
    ranks = [_all_ranks(scores[name].ravel()) for name in target.split("+")]
    best = np.minimum.reduce(ranks)
    known = ~np.isnan(scores[target.split("+")[0]].ravel())
    order = np.argsort(np.where(known, -best, 1), kind="stable")[: min(count, int(known.sum()))]
    mask = np.zeros(best.size, dtype=bool)
    mask[order] = True
    return mask.reshape(scores["shift"].shape)


def _all_ranks(values: np.ndarray) -> np.ndarray:
    """Rank 0 for the highest score, int64 [all neurons]; neurons without one come last."""
    order = np.argsort(-np.where(np.isnan(values), -np.inf, values), kind="stable")
    ranks = np.empty(order.size, dtype=np.int64)
    ranks[order] = np.arange(order.size)
    return ranks


def _ranks(scores: Scores, name: str) -> np.ndarray:
    return _ranks_of(scores[name], CRITERIA[name].eligible(scores))


def _ranks_of(values: np.ndarray, eligible: np.ndarray) -> np.ndarray:
    """Rank 0 for the highest eligible score, int64 [all neurons]; their number if not eligible."""
    values, eligible = values.ravel(), eligible.ravel()
    order = np.argsort(-np.where(eligible, values, -np.inf), kind="stable")
    ranks = np.empty(order.size, dtype=np.int64)
    ranks[order] = np.arange(order.size)
    return np.where(eligible, ranks, order.size)
