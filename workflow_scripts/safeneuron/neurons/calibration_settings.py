"""Settings of `calibration` and `stability`: the states, and how their sets are selected.

They stand apart from `neurons.settings`, which trainings import: a change here trains none again.
"""

from safeneuron.neurons.settings import Pooling, SelectSettings, StateSettings
from safeneuron.settings import Section


class PooledSelection(Section):
    """A selection by scores, and the pooling of the moments that the scores are of."""

    pooling: Pooling
    selection: SelectSettings


class SelectedState(Section):
    """A state with the selections that are made on it, each by the rule that holds there."""

    state: StateSettings
    selections: list[PooledSelection]


class CalibrationSettings(Section):
    """Settings of `calibration`.

    Attributes:
        categories: data set -> how many categories its prompts have, for those with groups.
        contrasts: of each state, `overall` among them.
        draws: how often prompts are dealt into groups; 0 for no groups.
        q: false-discovery rate.
    """

    states: list[SelectedState]
    categories: dict[str, int]
    contrasts: list[str]
    draws: int
    q: float


class StabilitySettings(Section):
    """Settings of `stability`, as those of `calibration` are."""

    states: list[SelectedState]
    categories: dict[str, int]
    draws: int
