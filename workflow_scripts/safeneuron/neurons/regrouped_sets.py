"""Neuron sets of regrouped prompts, from the moments of their groups (`neurons.regrouping`)."""

from functools import reduce
from pathlib import Path
from typing import NamedTuple

import numpy as np

from safeneuron.neurons.moments import Moments, load_moments, merge
from safeneuron.neurons.regrouping import group_name
from safeneuron.neurons.regrouping_settings import OverlapSettings
from safeneuron.neurons.scores import score
from safeneuron.neurons.selection import masks

Draws = list[np.ndarray]


class Contrast(NamedTuple):
    """The moments of a group and of what it is contrasted with."""

    group: Moments
    safe: Moments


def regrouped_sets(path: Path, settings: OverlapSettings, categories: int) -> dict[str, Draws]:
    """Null -> draws of its groups' neuron sets, boolean [groups, layers, neurons] each.

    Sets may be empty: groups without harm need not have a neuron above a threshold.

    Args:
        path: moments by `group_name`.
        categories: how many groups each null has.
    """
    criteria, rule = settings.selection.criteria, settings.selection.rule

    def neurons(contrast: Contrast) -> np.ndarray:
        size = int(contrast.group.present.sum())
        return np.logical_or.reduce([*masks(score(*contrast), criteria, rule, size).values()])

    sets: dict[str, Draws] = {"pseudo": [], "shuffled": []}
    for draw in range(settings.regrouped.draws):
        for null, compared in contrasts(path, settings.pooling, draw, categories).items():
            sets[null].append(np.stack([neurons(contrast) for contrast in compared]))
    return sets


def contrasts(path: Path, pooling: str, draw: int, categories: int) -> dict[str, list[Contrast]]:
    """Null -> the contrasts of its groups in one draw, from a file of moments by `group_name`."""
    groups = [
        load_moments(path, group_name(pooling, draw, number))
        for number in range(2 * categories + 1)
    ]
    shuffled, pseudo, held_out = groups[:categories], groups[categories:-1], groups[-1]
    safe = reduce(merge, pseudo, held_out)
    return {
        "pseudo": [Contrast(group, held_out) for group in pseudo],
        "shuffled": [Contrast(group, safe) for group in shuffled],
    }
