"""The cells of an attack on neurons that gradients rank: each share of all, with its controls."""

from collections.abc import Iterator

import numpy as np

from safeneuron.interventions.cell import Cell, with_controls
from safeneuron.interventions.intervention import Intervention
from safeneuron.interventions.settings import TaylorCells
from safeneuron.neurons.selection import highest

TAYLOR = "taylor"
"""The target of such a cell."""


def taylor_cells(
    scores: np.ndarray, cells: TaylorCells, means: np.ndarray | None = None
) -> Iterator[Cell]:
    """Every share of the neurons, of the whole model at once, each followed by its controls.

    Fewer neurons are attacked where fewer lift a refusal at all.

    Args:
        scores: of all neurons, [layers, neurons].
        means: of all neurons over safe prompts, for an operator that holds neurons at them.
    """
    for fraction in cells.fractions:
        mask = highest(scores, round(fraction * scores.size))
        for strength in cells.operator.at_strengths():
            intervention = Intervention(cells.operator, cells.operator.on(mask, means), strength)
            yield from with_controls(TAYLOR, fraction, intervention, cells.control_seeds)
