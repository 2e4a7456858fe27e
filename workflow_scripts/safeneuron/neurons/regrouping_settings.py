"""Settings of the nulls of Figure 5 that are made of regrouped prompts, and of `overlap`.

They stand apart from `neurons.settings`, which trainings import: a change here trains none again.
"""

from pydantic import Field, field_validator

from safeneuron.neurons.settings import NullSettings, Pooling, SelectSettings
from safeneuron.settings import Section


class Regrouping(Section):
    """Groups of prompts that are no categories, whose overlap Fig. 5 shows beside the categories':
    groups of safe prompts alone (pseudo), and of unsafe prompts at random (shuffled)."""

    draws: int = Field(
        5,
        ge=0,
        le=100,
        description="Number of times that prompts are dealt into groups, two at least for an "
        "interval; 0 leaves both nulls out.",
    )
    seed: int = Field(0, ge=0, description="Seed of the groups.")

    @field_validator("draws")
    @classmethod
    def _has_an_interval(cls, draws: int) -> int:
        if draws == 1:
            raise ValueError("1 draw has no interval; 2 or more, or 0 for none of these nulls")
        return draws


class OverlapSettings(Section):
    """Settings of `overlap`: the random draws, and how sets of regrouped prompts are selected."""

    random: NullSettings
    regrouped: Regrouping
    pooling: Pooling
    selection: SelectSettings
