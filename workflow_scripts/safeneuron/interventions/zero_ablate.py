"""The operator `zero_ablate`: neurons that contribute nothing to a forward pass (paper §4.2)."""

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from safeneuron.interventions.intervention import Operator
from safeneuron.interventions.weights import Weights

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class ZeroAblate(Operator):
    """Neurons are held at zero, by hooks."""

    kind: Literal["zero_ablate"] = Field(
        "zero_ablate", description="The neurons are held at zero, by hooks."
    )

    def applied(
        self, model: "PreTrainedModel", target: np.ndarray, strength: float | None
    ) -> AbstractContextManager[None]:
        """A context in which the neurons are zero at every token."""
        from safeneuron.interventions.zeroing import zeroed

        return zeroed(model, target)

    def as_weights(self) -> Operator:
        """The neurons' `down_proj` columns set to zero."""
        return Weights()
