"""The cells of an attack by forced words: how many, each number with its controls."""

from collections.abc import Iterator, Sequence

import numpy as np

from safeneuron.errors import SafeNeuronError
from safeneuron.interventions.cell import Cell
from safeneuron.interventions.intervention import Intervention
from safeneuron.interventions.settings import PrefillCells

PREFIX = "prefix"
"""The target of such a cell."""


class NoOrdinaryTextError(SafeNeuronError):
    """No text is long enough to be a control."""


def prefill_cells(ordinary: Sequence[str], cells: PrefillCells) -> Iterator[Cell]:
    """Every number of words, each followed by its controls: the first words of an ordinary text.

    Args:
        ordinary: texts of which controls take the first words, just as many.

    Raises:
        NoOrdinaryTextError: none of them has as many words.
    """
    longest = max(cells.operator.words)
    known = dict.fromkeys(tuple(text.split()[:longest]) for text in ordinary)
    long = [words for words in known if len(words) == longest]
    if not long:
        raise NoOrdinaryTextError(
            f"no safe prompt of the identification has {longest} words, which a random control of "
            "as many forced words needs; force fewer words"
        )
    target = np.array([cells.text.split()[:longest], *long])
    for strength in cells.operator.at_strengths():
        intervention = Intervention(cells.operator, target, strength)
        yield Cell(PREFIX, None, None, intervention)
        for seed in cells.control_seeds:
            rng = np.random.default_rng([seed, intervention.size])
            yield Cell(PREFIX, None, seed, intervention.control(rng))
