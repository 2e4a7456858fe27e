"""The cells of an attack on neurons that are found time after time, each with its controls."""

from collections.abc import Iterator

from safeneuron.interventions.cell import Cell, with_controls
from safeneuron.interventions.intervention import Intervention
from safeneuron.interventions.settings import IterativeCells
from safeneuron.neurons.found_again import FoundAgain


def iterative_cells(found: FoundAgain, cells: IterativeCells) -> Iterator[Cell]:
    """All neurons found the first time, the first two times, and so on, each with its controls.

    How many times is the strength.
    """
    for times, mask in enumerate(found.so_far, start=1):
        intervention = Intervention(cells.operator, mask, float(times))
        yield from with_controls(
            found.criteria, None, intervention, cells.control_seeds, found.present
        )
