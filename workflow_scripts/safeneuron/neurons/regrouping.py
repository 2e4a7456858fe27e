"""Prompts in groups that are no categories: what two nulls of Figure 5 are made of.

`shuffled`: the categories' names are dealt anew among the unsafe prompts, and each group is
contrasted with the safe side. `pseudo`: the same is done with safe prompts alone, which are dealt
into groups and a side of their own to be contrasted with, in the proportions of the real contrasts.
The groups share that side as the categories share theirs: against the rest of the safe prompts each
would be what the others are not, and they would overlap less than categories that know no harm.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from safeneuron.errors import SafeNeuronError

LEAST = 2
"""Prompts of the smallest group: a variance needs two."""


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
