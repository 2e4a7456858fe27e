"""The cells of an attack: which neurons are intervened on, set by set, each with its controls."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from safeneuron.data.prompts import selected_rows
from safeneuron.directions.files import read_directions
from safeneuron.interventions.cell import Cell, clean_cell
from safeneuron.interventions.direction_cells import direction_cells
from safeneuron.interventions.intervention import Intervention, Operator
from safeneuron.interventions.mean_ablate import MeanAblate
from safeneuron.interventions.prefill_cells import prefill_cells
from safeneuron.interventions.settings import AnyCells, Cells, DirectionCells, PrefillCells
from safeneuron.neurons.criteria import read_criteria
from safeneuron.neurons.criteria.criterion import Scores
from safeneuron.neurons.moments import load_moments
from safeneuron.neurons.selection import top_neurons
from safeneuron.neurons.sets import NeuronSet, read_neuron_set


def read_cells(settings: AnyCells | None, target: Sequence[Path]) -> list[Cell]:
    """The cells that a stage's settings ask for; the clean one alone if they ask for none.

    Args:
        target: the files that hold what is acted on: of neurons the set, the scores that rank all
            where a fraction is asked for, and for `mean_ablate` the safe moments; of directions
            theirs; for forced words the prompt tables that controls are drawn from; none for the
            clean model.
    """
    match settings:
        case None:
            return [clean_cell()]
        case DirectionCells():
            (directions,) = map(read_directions, target)
            return list(direction_cells(directions, settings))
        case PrefillCells():
            ordinary = [row["text"] for row in selected_rows(target, settings.ordinary)]
            return list(prefill_cells(ordinary, settings))
        case Cells():
            files = [*target]
            identified = read_neuron_set(files.pop(0))
            means = None
            if isinstance(settings.operator, MeanAblate):
                means = load_moments(files.pop(), "mean").mean
            ranked = next(map(read_criteria, files), None)
            return list(attack_cells(identified, ranked, settings, means))


def read_cell(
    target: str,
    fraction: float | None,
    operator: Operator,
    neurons: Sequence[Path],
    scores: Sequence[Path],
) -> Cell:
    """One cell of an attack on neurons by itself, without controls.

    Args:
        neurons: the file of the neuron set.
        scores: the file of the scores that rank all neurons, none where no fraction is asked for.
    """
    (identified,) = map(read_neuron_set, neurons)
    ranked = next(map(read_criteria, scores), None)
    mask = _targeted(identified, ranked, target, fraction)
    return Cell(target, fraction, None, Intervention(operator, mask))


def attack_cells(
    identified: NeuronSet, scores: Scores | None, cells: Cells, means: np.ndarray | None = None
) -> Iterator[Cell]:
    """Every target on the identified set and at every fraction, each followed by its controls.

    At a fraction all targets take equally many neurons, so that they can be compared. An operator
    with several strengths is applied at each of them.

    Args:
        scores: of all neurons; None is enough where no fraction is asked for.
        means: of all neurons over safe prompts, for an operator that holds neurons at them.

    Raises:
        ValueError: a fraction is asked for without scores.
    """
    for fraction in (None, *cells.fractions):
        for target in cells.targets:
            mask = _targeted(identified, scores, target, fraction)
            for strength in cells.operator.at_strengths():
                acted_on = cells.operator.on(mask, means)
                intervention = Intervention(cells.operator, acted_on, strength)
                yield Cell(target, fraction, None, intervention)
                for seed in cells.control_seeds:
                    rng = np.random.default_rng([seed, intervention.size])
                    yield Cell(
                        target, fraction, seed, intervention.control(rng, identified.present)
                    )


def _targeted(
    identified: NeuronSet, scores: Scores | None, target: str, fraction: float | None
) -> np.ndarray:
    """The neurons of a target: as identified, or the share of all that scores highest."""
    if fraction is None:
        return identified.by(target)
    if scores is None:
        raise ValueError(f"no scores to take a fraction of {fraction} by")
    return top_neurons(scores, target, round(fraction * int(identified.present.sum())))
