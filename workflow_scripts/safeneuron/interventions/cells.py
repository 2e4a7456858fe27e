"""The cells of a pruning attack: which neurons are zeroed, set by set, each with its controls."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from safeneuron.neurons.criteria.criterion import Scores
from safeneuron.neurons.random_sets import matched_random
from safeneuron.neurons.selection import top_neurons
from safeneuron.neurons.sets import NeuronSet


@dataclass(frozen=True)
class Cell:
    """One pruned variant of the model.

    Attributes:
        level: the paper's attack level, es, sas or full; ori for none.
        selector: the level's own selector, `random` for a control matched to it, `none` for ori.
        fraction: share of all neurons that was asked for; None for the set as identified.
        control_seed: of the random selector, else None.
        mask: boolean [layers, neurons], the neurons to zero.
    """

    level: str
    selector: str
    fraction: float | None
    control_seed: int | None
    mask: np.ndarray

    @property
    def n_neurons(self) -> int:
        """How many neurons are zeroed."""
        return int(self.mask.sum())


def clean_cell(shape: tuple[int, int]) -> Cell:
    """ORI: nothing is zeroed."""
    return Cell("ori", "none", None, None, np.zeros(shape, dtype=bool))


def attack_cells(
    identified: NeuronSet,
    scores: Scores,
    levels: Sequence[str],
    fractions: Sequence[float],
    control_seeds: Sequence[int],
) -> Iterator[Cell]:
    """Every level on the identified set and at every fraction, each followed by its controls.

    At a fraction all levels zero equally many neurons, so that they can be compared.
    """
    for fraction in (None, *fractions):
        for level in levels:
            if fraction is None:
                mask = identified.union if level == "full" else identified.by(level)
            else:
                target = "es+sas" if level == "full" else level
                mask = top_neurons(scores, target, round(fraction * identified.union.size))
            yield Cell(level, level, fraction, None, mask)
            for seed in control_seeds:
                rng = np.random.default_rng([seed, int(mask.sum())])
                yield Cell(level, "random", fraction, seed, matched_random(mask, rng))
