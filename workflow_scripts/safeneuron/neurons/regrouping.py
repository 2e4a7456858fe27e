"""Prompts in groups that are no categories: what two nulls of Figure 5 are made of.

`shuffled`: the categories' names are dealt anew among the unsafe prompts, and each group is
contrasted with the safe side. `pseudo`: the same is done with safe prompts alone, which are dealt
into groups and a side of their own to be contrasted with, in the proportions of the real contrasts.
The groups share that side as the categories share theirs: against the rest of the safe prompts each
would be what the others are not, and they would overlap less than categories that know no harm.
"""

from collections import Counter
from collections.abc import Sequence
from functools import reduce
from pathlib import Path
from typing import NamedTuple

import numpy as np

from safeneuron.errors import SafeNeuronError
from safeneuron.neurons.moments import Moments, load_moments, merge
from safeneuron.neurons.scores import score
from safeneuron.neurons.selection import masks
from safeneuron.neurons.settings import OverlapSettings

LEAST = 2
"""Prompts of the smallest group: a variance needs two."""
Draws = list[np.ndarray]


class Contrast(NamedTuple):
    """The moments of a group and of what it is contrasted with."""

    group: Moments
    safe: Moments


def pseudo_sizes(sizes: Sequence[int], safe: int) -> list[int]:
    """Numbers of safe prompts in each pseudo-category; the others are what they are held against.

    A group is to those as its category is to the safe side, but each and they are `LEAST` at least.

    Args:
        sizes: of the categories, in prompts.
        safe: prompts of the safe side.

    Raises:
        SafeNeuronError: there are too few safe prompts.
    """
    if safe < LEAST * (len(sizes) + 1):
        raise SafeNeuronError(
            f"{safe} safe prompts are too few to be dealt into {len(sizes)} groups and a side "
            f"that these are contrasted with; at least {LEAST * (len(sizes) + 1)} are needed"
        )
    scale = safe / (safe + sum(sizes))
    dealt = [max(LEAST, round(scale * size)) for size in sizes]
    while sum(dealt) + LEAST > safe:
        dealt[int(np.argmax(dealt))] -= 1
    return dealt


def deal(categories: Sequence[str], safe: int, draws: int, seed: int) -> np.ndarray:
    """The group of every prompt in each draw, int64 [draws, unsafe and safe prompts].

    Of C categories, unsafe prompts are in one of the groups 0 ... C - 1, safe prompts in one of the
    pseudo-categories C ... 2C - 1, or in 2C, which these are contrasted with.

    Args:
        categories: of the unsafe prompts.
        safe: number of safe prompts.
    """
    sizes = list(Counter(categories).values())
    count = len(sizes)
    unsafe = np.repeat(np.arange(count), sizes)
    dealt = pseudo_sizes(sizes, safe)
    pseudo = np.repeat(np.arange(count, 2 * count + 1), [*dealt, safe - sum(dealt)])
    rng = np.random.default_rng(seed)
    return np.stack(
        [np.concatenate([rng.permutation(unsafe), rng.permutation(pseudo)]) for _ in range(draws)]
    )


def group_name(pooling: str, draw: int, group: int) -> str:
    """The name of a group's moments in their file (`neurons.moments`)."""
    return f"{pooling}/{draw}/{group}"


def regrouped_sets(path: Path, settings: OverlapSettings, categories: int) -> dict[str, Draws]:
    """Null -> draws of its groups' neuron sets, boolean [groups, layers, neurons] each.

    Sets may be empty: groups without harm need not have a neuron above a threshold.

    Args:
        path: moments by `group_name`.
        categories: how many groups each null has.
    """
    criteria, rule = settings.selection.criteria, settings.selection.rule

    def neurons(contrast: Contrast) -> np.ndarray:
        return np.logical_or.reduce([*masks(score(*contrast), criteria, rule).values()])

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
