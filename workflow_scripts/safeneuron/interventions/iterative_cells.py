"""The cells of an attack on neurons that are found time after time, each with its controls."""

from collections.abc import Iterator, Sequence

import numpy as np

from safeneuron.interventions.cell import Cell, with_controls
from safeneuron.interventions.intervention import Intervention
from safeneuron.interventions.settings import IterativeCells


def iterative_cells(
    found: Sequence[np.ndarray], target: str, cells: IterativeCells
) -> Iterator[Cell]:
    """All neurons found the first time, the first two times, and so on, each with its controls.

    How many times is the strength.

    Args:
        found: boolean [layers, neurons], of each number of times.
        target: the criteria that they are found by, joined by `+`.
    """
    for times, mask in enumerate(found, start=1):
        intervention = Intervention(cells.operator, mask, float(times))
        yield from with_controls(target, None, intervention, cells.control_seeds)
