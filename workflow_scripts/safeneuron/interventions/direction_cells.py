"""The cells of an attack on directions: how many are removed, each number with its controls."""

from collections.abc import Iterator

import numpy as np

from safeneuron.errors import SafeNeuronError
from safeneuron.interventions.cell import Cell, with_controls
from safeneuron.interventions.intervention import Intervention
from safeneuron.interventions.settings import DirectionCells

DIRECTION = "direction"
"""The target of such a cell."""


class NoDirectionError(SafeNeuronError):
    """Nothing tells unsafe prompts from safe ones."""


def direction_cells(directions: np.ndarray, cells: DirectionCells) -> Iterator[Cell]:
    """Every number of directions, each followed by its controls.

    Fewer phases than were asked for have fewer cells: none is reported that was not found.

    Args:
        directions: [phases, hidden], orthonormal.

    Raises:
        NoDirectionError: there is none.
    """
    if len(directions) == 0:
        raise NoDirectionError(
            "the search for refusal directions found none: no layer is given anything else at the "
            "end of unsafe prompts than of safe ones; take the attack off this model"
        )
    for strength in cells.operator.at_strengths():
        if strength is not None and strength > len(directions):
            break
        intervention = Intervention(cells.operator, directions, strength)
        yield from with_controls(DIRECTION, None, intervention, cells.control_seeds)
