"""Attacks that move the weights back toward those before the alignment."""

from typing import Annotated, Any, Literal

from pydantic import Field

from safeneuron.config.schema.attacks.common import Arms, Models, Rounds
from safeneuron.settings import Distinct, Name, PositiveShare, Section


class InterpolateAttack(Section):
    """An attack: interpolate all weights toward those of the model before it was safety-tuned,
    (1 - a) of its own and a of the other's."""

    kind: Literal["interpolate"] = Field(
        "interpolate", description="Weights are interpolated toward another checkpoint's."
    )
    toward: Annotated[
        Name | None,
        Field(
            description="Model whose weights are gone to, a key of 'models' of the same "
            "architecture; null takes the model before its safety tuning: an organism's "
            "pre-trained base, or what a tuned model is tuned from."
        ),
    ] = None
    strengths: Distinct[PositiveShare] = Field(
        [0.25, 0.5, 0.75, 1.0],
        min_length=1,
        description="Shares a of the other model's weights, one after the other.",
    )
    arms: Arms = None
    rounds: Rounds = None
    models: Models = None
    random_controls: int = Field(
        2,
        ge=1,
        le=100,
        description="Number of random directions that the weights are moved in instead, each "
        "tensor as far.",
    )

    @property
    def variants(self) -> int:
        """How many cells it has, without their controls."""
        return len(self.strengths)

    @property
    def operator(self) -> dict[str, Any]:
        """What is done to the weights, settings of `Interpolate`."""
        return {"kind": self.kind, "strengths": self.strengths}
