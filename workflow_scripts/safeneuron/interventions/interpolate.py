"""The operator that moves the weights back toward those before the alignment.

What safety tuning added to a model is scaled down, as task vectors are (Ilharco et al. 2023); who
holds the checkpoint before it needs no data and no gradient for that.
"""

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from safeneuron.interventions.intervention import Operator
from safeneuron.settings import Distinct, Share

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from safeneuron.interventions.weight_change import Toward


class Interpolate(Operator):
    """All weights are (1 - a) of the model's and a of the other's, once for each a.

    A target says where to go: to another checkpoint's weights, or as far in a random direction.
    """

    kind: Literal["interpolate"] = Field("interpolate", description="Weights are interpolated.")
    strengths: Distinct[Share] = Field(
        min_length=1, description="Shares a of the other model's weights, one after the other."
    )

    def at_strengths(self) -> list[float | None]:
        """The shares of the other's weights."""
        return [*self.strengths]

    def applied(
        self, model: "PreTrainedModel", target: "Toward", strength: float | None
    ) -> AbstractContextManager[None]:
        """A context in which the weights are interpolated, computed in float32.

        Raises:
            CheckpointError: the other checkpoint has not all of the model's weights, or of another
                shape; names the weight.
        """
        from safeneuron.interventions.weight_change import changed

        assert strength is not None  # it has no other
        return changed(model, target.share(strength))

    def size(self, target: "Toward") -> int:
        """One: there is one way to go."""
        return 1

    def neurons(self, target: "Toward") -> int:
        """None: all weights are acted on."""
        return 0

    def control(
        self, target: "Toward", rng: np.random.Generator, present: np.ndarray | None = None
    ) -> "Toward":
        """A random direction, in which each tensor moves as far."""
        return target.elsewhere(int(rng.integers(2**63)))
