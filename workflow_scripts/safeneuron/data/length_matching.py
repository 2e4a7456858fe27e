"""A part of one set of prompts that is as long as another set: length is then no difference."""

from collections.abc import Sequence

import numpy as np

from safeneuron.data.prompts import Rows
from safeneuron.settings import Section


class LengthMatched(Section):
    """Settings of `length_matched_prompts`: the rows of both sides and the seed of the draw."""

    unsafe: Rows
    safe: Rows
    seed: int


def length_matched(lengths: Sequence[int], target: Sequence[int], seed: int) -> list[int]:
    """Indices of prompts whose lengths are distributed as the target's, in ascending order.

    Half as many prompts as the smaller side has (at least two): each of so many random targets
    takes the prompt that is nearest in length and not yet taken. Where the two sides' lengths
    do not meet, the nearest is far: compare the means of the result.

    Args:
        lengths: of the prompts to choose from, in any unit.
        target: lengths to match, in the same unit.

    Raises:
        ValueError: fewer than two on a side.
    """
    if min(len(lengths), len(target)) < 2:
        raise ValueError(f"{len(lengths)} prompts to match {len(target)}; two are needed at least")
    rng = np.random.default_rng(seed)
    count = max(2, min(len(lengths), len(target)) // 2)
    values = np.asarray(lengths, dtype=float)
    tie_break = rng.permutation(len(values)) / (2 * len(values))
    taken = np.zeros(len(values), dtype=bool)
    for wanted in rng.choice(np.asarray(target, dtype=float), count, replace=False):
        distance = np.where(taken, np.inf, np.abs(values - wanted) + tie_break)
        taken[np.argmin(distance)] = True
    return [int(i) for i in np.flatnonzero(taken)]
