"""The operator that removes directions from the residual stream (Arditi et al. 2024, §2.4)."""

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from safeneuron.interventions.intervention import Operator

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class AblateDirection(Operator):
    """The first directions of a target are removed, once for each number of them.

    Weights could say it where no norm stands between a projection and the stream, and where the
    embedding is not the head's matrix too; forward passes say it everywhere.
    """

    kind: Literal["direction_write", "direction_write_read"] = Field(
        description="Nothing writes along the directions, or besides nothing reads along them."
    )
    phases: int = Field(ge=1, description="Largest number of directions that are removed together.")

    def at_strengths(self) -> list[float | None]:
        """The numbers of directions: one, the first two, and so on."""
        return [float(number) for number in range(1, self.phases + 1)]

    def applied(
        self, model: "PreTrainedModel", target: np.ndarray, strength: float | None
    ) -> AbstractContextManager[None]:
        """A context in which nothing writes along the first `strength` directions of the target.

        Args:
            target: [directions, hidden], orthonormal.
        """
        from safeneuron.directions.projection import projected_out

        assert strength is not None  # it has no other
        reading = self.kind == "direction_write_read"
        return projected_out(model, target[: int(strength)], reading)

    def size(self, target: np.ndarray) -> int:
        """How many directions."""
        return len(target)

    def neurons(self, target: np.ndarray) -> int:
        """None: what is acted on is the residual stream."""
        return 0

    def control(
        self, target: np.ndarray, rng: np.random.Generator, present: np.ndarray | None = None
    ) -> np.ndarray:
        """As many random orthonormal directions, uniform over the sphere."""
        columns, _ = np.linalg.qr(rng.normal(size=target.T.shape))
        return columns.T
