"""The cells of an attack: which neurons are intervened on, set by set, each with its controls."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from safeneuron.artifacts.tables import read_table
from safeneuron.data.preferences import PREFERENCES
from safeneuron.data.prompts import selected_texts
from safeneuron.directions.files import read_directions
from safeneuron.interventions.cell import Cell, clean_cell, with_controls
from safeneuron.interventions.direction_cells import direction_cells
from safeneuron.interventions.intervention import Intervention, Operator
from safeneuron.interventions.iterative_cells import iterative_cells
from safeneuron.interventions.mean_ablate import MeanAblate
from safeneuron.interventions.prefill_cells import prefill_cells
from safeneuron.interventions.settings import (
    AnyCells,
    Cells,
    DirectionCells,
    FineTuneCells,
    InterpolateCells,
    IterativeCells,
    Order,
    PrefillCells,
    SingleCells,
    TaylorCells,
)
from safeneuron.interventions.single_cells import single_cells
from safeneuron.interventions.taylor_cells import taylor_cells
from safeneuron.interventions.weight_cells import fine_tune_cells, interpolate_cells
from safeneuron.models.checkpoint import load_tokenizer
from safeneuron.models.stored_weights import read_stored_weights
from safeneuron.neurons.candidates import read_chosen
from safeneuron.neurons.criteria import read_criteria
from safeneuron.neurons.criteria.criterion import Scores
from safeneuron.neurons.found_again import read_found_again
from safeneuron.neurons.moments import load_moments
from safeneuron.neurons.selection import bottom_neurons, top_neurons
from safeneuron.neurons.sets import NeuronSet, read_neuron_set


def read_cells(settings: AnyCells | None, target: Sequence[Path]) -> list[Cell]:
    """The cells that a stage's settings ask for; the clean one alone if they ask for none.

    Args:
        target: the files that hold what is acted on: of neurons the set, the scores that rank all
            where a fraction is asked for, and for `mean_ablate` the safe moments; of neurons that
            gradients rank the scores, and those moments; of neurons that are found time after time
            what each time found; of one neuron the means of all and the candidates; of directions
            theirs; for forced words the prompt tables that controls are drawn from; to interpolate
            weights the other model's manifest; to train them the model's own and a table of
            preference pairs; none for the clean model.
    """
    match settings:
        case None:
            return [clean_cell()]
        case DirectionCells():
            (directions,) = map(read_directions, target)
            return list(direction_cells(directions, settings))
        case PrefillCells():
            ordinary = selected_texts(target, settings.ordinary)
            return list(prefill_cells(ordinary, settings))
        case TaylorCells():
            files = [*target]
            means = _means(settings.operator, files)
            (scores,) = map(read_criteria, files)
            return list(taylor_cells(scores["taylor"], settings, means))
        case IterativeCells():
            (found,) = map(read_found_again, target)
            return list(iterative_cells(found, settings))
        case SingleCells():
            of_all, tried = target
            known = read_criteria(of_all)
            both = np.stack([known["unsafe"], known["safe"]])
            return list(single_cells(read_chosen(tried), both, settings))
        case InterpolateCells():
            (other,) = map(read_stored_weights, target)
            return list(interpolate_cells(other, settings))
        case FineTuneCells():
            manifest, pairs = target
            rows = read_table(pairs, PREFERENCES).to_pylist()
            return list(fine_tune_cells(load_tokenizer(manifest), rows, settings))
        case Cells():
            files = [*target]
            identified = read_neuron_set(files.pop(0))
            means = _means(settings.operator, files)
            ranked = next(map(read_criteria, files), None)
            return list(attack_cells(identified, ranked, settings, means))


def read_cell(
    target: str,
    fraction: float | None,
    order: Order,
    operator: Operator,
    neurons: Sequence[Path],
    scores: Sequence[Path],
) -> Cell:
    """One cell of an attack on neurons by itself, without controls.

    Args:
        neurons: the file of the neuron set.
        scores: the file of the scores that rank all neurons; none for the set as identified.
    """
    (identified,) = map(read_neuron_set, neurons)
    ranked = next(map(read_criteria, scores), None)
    mask = _targeted(identified, ranked, target, fraction, order)
    return Cell(target, fraction, None, Intervention(operator, mask))


def attack_cells(
    identified: NeuronSet, scores: Scores | None, cells: Cells, means: np.ndarray | None = None
) -> Iterator[Cell]:
    """Every target on the identified set and at every fraction, each followed by its controls.

    At a fraction all targets take equally many neurons, so that they can be compared. An operator
    with several strengths is applied at each of them. In the order `least`, neurons are taken from
    the ranking's other end, as many as the identified set has too.

    Args:
        scores: of all neurons; None is enough where the identified set alone is asked for.
        means: of all neurons over safe prompts, for an operator that holds neurons at them.

    Raises:
        ValueError: neurons are asked for by their rank without scores.
    """
    for fraction in (None, *cells.fractions):
        for target in cells.targets:
            mask = _targeted(identified, scores, target, fraction, cells.order)
            for strength in cells.operator.at_strengths():
                acted_on = cells.operator.on(mask, means)
                intervention = Intervention(cells.operator, acted_on, strength)
                yield from with_controls(
                    target, fraction, intervention, cells.control_seeds, identified.present
                )


def _means(operator: Operator, files: list[Path]) -> np.ndarray | None:
    """The means over safe prompts, taken off the end of the files of an operator that asks."""
    return load_moments(files.pop(), "mean").mean if isinstance(operator, MeanAblate) else None


def _targeted(
    identified: NeuronSet, scores: Scores | None, target: str, fraction: float | None, order: Order
) -> np.ndarray:
    """The neurons of a target: as identified, or by rank, as many as these or a share of all."""
    chosen = identified.by(target)
    if fraction is None and order == "most":
        return chosen
    if scores is None:
        raise ValueError(f"no scores to rank the neurons of {target} by")
    share = chosen if fraction is None else identified.present
    count = round((fraction or 1) * int(share.sum()))
    ranked = {"most": top_neurons, "least": bottom_neurons}[order]
    return ranked(scores, target, count)
