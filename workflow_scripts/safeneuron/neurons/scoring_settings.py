"""Settings of the stages that score contrasts.

They stand apart from `neurons.settings`, which trainings import: a change here trains none again.
"""

from safeneuron.neurons.settings import Pooling, StateSettings
from safeneuron.settings import Distinct, Section


class ContrastSettings(Section):
    """Settings of `score`: what its moments are of, and the poolings that are scored."""

    state: StateSettings
    contrast: str
    poolings: Distinct[Pooling]


class ContrastsSettings(Section):
    """Settings of `score_contrasts`: the same of several contrasts."""

    state: StateSettings
    contrasts: Distinct[str]
    poolings: Distinct[Pooling]
