"""Settings of the stage that measures capability."""

from typing import Any

from safeneuron.interventions.settings import AnyCells
from safeneuron.neurons.settings import StateSettings
from safeneuron.settings import Section


class Asked(Section):
    """How a task is asked and scored; see `harness.measure`."""

    task: str
    definition: dict[str, Any]
    n_shot: int
    limit: int | None
    chat_template: bool
    batch_size: int


class CapabilitySettings(Section):
    """Settings of `capability`: one task on one state, clean or under an attack.

    Attributes:
        cells: None for the model as it is.
    """

    state: StateSettings
    attack: str
    cells: AnyCells | None
    asked: Asked
    cpu_threads: int
