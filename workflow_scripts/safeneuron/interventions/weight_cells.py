"""The cells of attacks on the weights: how far they are moved or trained, each with controls."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from transformers import PreTrainedTokenizerBase

from safeneuron.data.preferences import GENERAL, SAFETY
from safeneuron.errors import SafeNeuronError
from safeneuron.interventions.cell import Cell, with_controls
from safeneuron.interventions.course import Course, Exchange, Tuned
from safeneuron.interventions.fine_tune import FineTune
from safeneuron.interventions.intervention import Intervention
from safeneuron.interventions.schemas import WEIGHTS
from safeneuron.interventions.settings import FineTuneCells, InterpolateCells
from safeneuron.interventions.weight_change import TowardStored
from safeneuron.models.stored_weights import StoredWeights


class NoExchangesError(SafeNeuronError):
    """There is nothing to train an attack on."""


def interpolate_cells(other: StoredWeights, cells: InterpolateCells) -> Iterator[Cell]:
    """Every share of the other's weights, each followed by its controls.

    A control goes as far, tensor by tensor, in one random direction for all shares.
    """
    way = TowardStored(other)
    for strength in cells.operator.at_strengths():
        intervention = Intervention(cells.operator, way, strength)
        yield from with_controls(WEIGHTS, None, intervention, cells.control_seeds)


def fine_tune_cells(
    tokenizer: PreTrainedTokenizerBase, pairs: Sequence[Mapping[str, Any]], cells: FineTuneCells
) -> Iterator[Cell]:
    """Every number of steps, and its controls.

    Relearning trains on the rejected answers of safety pairs, which comply. Its controls are
    trainings as long on the chosen answers of general pairs, each in an order of its own: what it
    does beyond them is of the harmful answers. Controls of benign tuning, which is trained on those
    alone, are random directions, in which each tensor moves as far.

    One training is kept at a time: the cells of a training follow one another, and what is measured
    by it comes before its last step.

    Args:
        pairs: rows of `PREFERENCES`, without images.

    Raises:
        NoExchangesError: there are no pairs of a role that is trained on.
    """
    operator = cells.operator
    benign = _exchanges(pairs, GENERAL, "chosen")
    if operator.kind == "relearn":
        harmful = _exchanges(pairs, SAFETY, "rejected")
        course = Course(tokenizer, harmful, operator, operator.seed, benign)
        for seed, target in ((None, course), *_controls(course, cells)):
            for strength in operator.at_strengths():
                yield _cell(operator, target, strength, seed)
        return
    course = Course(tokenizer, benign, operator, operator.seed)
    controls = list(_controls(course, cells))
    for strength in operator.at_strengths():
        for seed, target in controls:
            yield _cell(operator, target, strength, seed)
        yield _cell(operator, course, strength, None)


def _controls(course: Course, cells: FineTuneCells) -> Iterator[tuple[int, Tuned]]:
    """One target a seed, for all numbers of steps."""
    for seed in cells.control_seeds:
        rng = np.random.default_rng([seed, cells.operator.size(course)])
        yield seed, cells.operator.control(course, rng)


def _cell(operator: FineTune, target: Tuned, strength: float | None, seed: int | None) -> Cell:
    return Cell(WEIGHTS, None, seed, Intervention(operator, target, strength))


def _exchanges(pairs: Sequence[Mapping[str, Any]], role: str, answer: str) -> list[Exchange]:
    found = [Exchange(row["prompt"], row[answer]) for row in pairs if row["role"] == role]
    if not found:
        raise NoExchangesError(
            f"the preference mix has no {role} pairs, whose {answer} answers this attack trains "
            "on; change align.preferences.safety_share, or take the attack off this model"
        )
    return found
