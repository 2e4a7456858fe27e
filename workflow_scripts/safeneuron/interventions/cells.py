"""The cells of an attack: which neurons are intervened on, set by set, each with its controls."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from safeneuron.interventions.intervention import Intervention, Operator
from safeneuron.interventions.none import Untouched
from safeneuron.neurons.criteria.criterion import Scores
from safeneuron.neurons.selection import top_neurons
from safeneuron.neurons.sets import NeuronSet


@dataclass(frozen=True)
class Cell:
    """One variant of the model.

    Attributes:
        level: the paper's attack level, es, sas or full; ori for none.
        selector: the level's own selector, `random` for a control matched to it, `none` for ori.
        fraction: share of all neurons that was asked for; None for the set as identified.
        control_seed: of the random selector, else None.
        intervention: what is done to which neurons.
    """

    level: str
    selector: str
    fraction: float | None
    control_seed: int | None
    intervention: Intervention

    @property
    def columns(self) -> dict[str, Any]:
        """The columns that say which cell a row is about, those of `schemas.CELL`."""
        return {
            "level": self.level,
            "selector": self.selector,
            "operator": self.intervention.operator.kind,
            "fraction": self.fraction,
            "strength": self.intervention.strength,
            "control_seed": self.control_seed,
            "n_neurons": self.intervention.size,
        }


def clean_cell(shape: tuple[int, int]) -> Cell:
    """ORI: the model as it is."""
    nothing = Intervention(Untouched(), np.zeros(shape, dtype=bool))
    return Cell("ori", "none", None, None, nothing)


def attack_cells(
    identified: NeuronSet,
    scores: Scores,
    levels: Sequence[str],
    fractions: Sequence[float],
    control_seeds: Sequence[int],
    operator: Operator,
) -> Iterator[Cell]:
    """Every level on the identified set and at every fraction, each followed by its controls.

    At a fraction all levels take equally many neurons, so that they can be compared. An operator
    with several strengths is applied at each of them.
    """
    for fraction in (None, *fractions):
        for level in levels:
            if fraction is None:
                mask = identified.union if level == "full" else identified.by(level)
            else:
                target = "es+sas" if level == "full" else level
                mask = top_neurons(scores, target, round(fraction * identified.union.size))
            for strength in operator.at_strengths():
                intervention = Intervention(operator, mask, strength)
                yield Cell(level, level, fraction, None, intervention)
                for seed in control_seeds:
                    rng = np.random.default_rng([seed, intervention.size])
                    yield Cell(level, "random", fraction, seed, intervention.control(rng))
