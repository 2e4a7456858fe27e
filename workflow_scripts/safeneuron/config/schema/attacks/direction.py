"""Attacks on refusal directions of the residual stream."""

from typing import Any, Literal

from pydantic import Field

from safeneuron.config.schema.attacks.common import Arms, Models, Rounds, Source
from safeneuron.directions.settings import DirectionSearch


class DirectionAttack(DirectionSearch):
    """An attack: remove the directions of the residual stream that tell unsafe prompts from safe
    ones (Arditi et al. 2024), the first, then those that are found once it is gone."""

    kind: Literal["direction"] = Field(
        "direction", description="Refusal directions of the residual stream are removed."
    )
    source: Source = Field(
        "adaptive",
        description="State whose directions are removed: those found on the attacked model itself "
        "(adaptive), or once on its T0 (static).",
    )
    arms: Arms = None
    rounds: Rounds = None
    models: Models = None
    random_controls: int = Field(
        2,
        ge=1,
        le=100,
        description="Number of sets of as many random directions, for each number of directions.",
    )

    @property
    def variants(self) -> int:
        """How many cells it has, without their controls."""
        return self.phases

    @property
    def search(self) -> dict[str, Any]:
        """How the directions are found."""
        return self.model_dump(include={*DirectionSearch.model_fields})

    @property
    def removal(self) -> dict[str, Any]:
        """What is done with them, settings of `AblateDirection`."""
        return {"kind": f"direction_{self.operator}", "phases": self.phases}
