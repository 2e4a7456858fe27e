"""The cells of an attack: which neurons are intervened on, set by set, each with its controls."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from safeneuron.interventions.intervention import Intervention, Operator
from safeneuron.interventions.none import Untouched
from safeneuron.interventions.settings import Cells
from safeneuron.neurons.criteria import read_criteria
from safeneuron.neurons.criteria.criterion import Scores
from safeneuron.neurons.selection import top_neurons
from safeneuron.neurons.sets import NeuronSet, read_neuron_set


@dataclass(frozen=True)
class Cell:
    """One variant of the model.

    Attributes:
        target: the criteria that chose the neurons, joined by `+`; `none` for the clean model.
        fraction: share of all neurons that was asked for; None for the set as identified.
        control_seed: of a random target matched to this one; None for the target itself.
        intervention: what is done to which neurons.
    """

    target: str
    fraction: float | None
    control_seed: int | None
    intervention: Intervention

    @property
    def columns(self) -> dict[str, Any]:
        """The columns that say which cell a row is about, those of `schemas.CELL`."""
        return {
            "operator": self.intervention.operator.kind,
            "target": self.target,
            "fraction": self.fraction,
            "strength": self.intervention.strength,
            "control_seed": self.control_seed,
            "n_neurons": self.intervention.size,
        }


def clean_cell() -> Cell:
    """The model as it is (the paper's ORI)."""
    return Cell("none", None, None, Intervention(Untouched(), np.zeros((0, 0), dtype=bool)))


def read_cells(
    settings: Cells | None, neurons: Sequence[Path], scores: Sequence[Path]
) -> list[Cell]:
    """The cells that a stage's settings ask for; the clean one alone if they ask for none.

    Args:
        neurons: the file of the neuron set, none for the clean model.
        scores: the file of the scores that rank all neurons, none where no fraction is asked for.
    """
    if settings is None:
        return [clean_cell()]
    (identified,) = map(read_neuron_set, neurons)
    ranked = next(map(read_criteria, scores), None)
    return list(attack_cells(identified, ranked, settings))


def read_cell(
    target: str,
    fraction: float | None,
    operator: Operator,
    neurons: Sequence[Path],
    scores: Sequence[Path],
) -> Cell:
    """One cell by itself, without controls; the files are those of `read_cells`."""
    (identified,) = map(read_neuron_set, neurons)
    ranked = next(map(read_criteria, scores), None)
    mask = _targeted(identified, ranked, target, fraction)
    return Cell(target, fraction, None, Intervention(operator, mask))


def attack_cells(identified: NeuronSet, scores: Scores | None, cells: Cells) -> Iterator[Cell]:
    """Every target on the identified set and at every fraction, each followed by its controls.

    At a fraction all targets take equally many neurons, so that they can be compared. An operator
    with several strengths is applied at each of them.

    Args:
        scores: of all neurons; None is enough where no fraction is asked for.

    Raises:
        ValueError: a fraction is asked for without scores.
    """
    for fraction in (None, *cells.fractions):
        for target in cells.targets:
            mask = _targeted(identified, scores, target, fraction)
            for strength in cells.operator.at_strengths():
                intervention = Intervention(cells.operator, mask, strength)
                yield Cell(target, fraction, None, intervention)
                for seed in cells.control_seeds:
                    rng = np.random.default_rng([seed, intervention.size])
                    yield Cell(target, fraction, seed, intervention.control(rng))


def _targeted(
    identified: NeuronSet, scores: Scores | None, target: str, fraction: float | None
) -> np.ndarray:
    """The neurons of a target: as identified, or the share of all that scores highest."""
    if fraction is None:
        return identified.by(target)
    if scores is None:
        raise ValueError(f"no scores to take a fraction of {fraction} by")
    return top_neurons(scores, target, round(fraction * identified.union.size))
