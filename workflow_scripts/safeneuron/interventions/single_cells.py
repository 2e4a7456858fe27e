"""The cells of an attack on one neuron: zeroed, and held at every strength."""

from collections.abc import Iterator

import numpy as np

from safeneuron.interventions.cell import Cell, with_controls
from safeneuron.interventions.intervention import Intervention
from safeneuron.interventions.pin_gap import PinGap
from safeneuron.interventions.settings import SingleCells
from safeneuron.interventions.zero_ablate import ZeroAblate

SINGLE = "single"
"""The target of such a cell."""


def single_cells(place: tuple[int, int], means: np.ndarray, cells: SingleCells) -> Iterator[Cell]:
    """Everything that is done to the neuron, each followed by its controls.

    A control is another neuron of its layer, or by chance the same, at constants of its own.

    Args:
        place: the neuron's layer and number.
        means: of all neurons on unsafe and on safe prompts, [2, layers, neurons].
    """
    for intervention in on_neuron(place, means, cells.operator):
        yield from with_controls(SINGLE, None, intervention, cells.control_seeds)


def on_neuron(place: tuple[int, int], means: np.ndarray, pin: PinGap) -> Iterator[Intervention]:
    """What is done to one neuron: it is zero, and held at every strength."""
    mask = np.zeros(means.shape[1:], dtype=bool)
    mask[place] = True
    yield Intervention(ZeroAblate(), mask)
    for strength in pin.at_strengths():
        yield Intervention(pin, pin.on(mask, means), strength)
