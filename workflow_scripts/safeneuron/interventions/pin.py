"""The operator `pin`: neurons held at a constant at every token, whatever the prompt."""

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from safeneuron.interventions.intervention import Operator
from safeneuron.settings import Distinct

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel


class Pin(Operator):
    """Neurons are held at a constant, once for each of several."""

    kind: Literal["pin"] = Field("pin", description="The neurons are held at a constant.")
    strengths: Distinct[float] = Field(
        min_length=1, description="Constants that the neurons are held at, one after the other."
    )

    def at_strengths(self) -> list[float | None]:
        """The constants."""
        return [*self.strengths]

    def applied(
        self, model: "PreTrainedModel", target: np.ndarray, strength: float | None
    ) -> AbstractContextManager[None]:
        """A context in which the neurons are `strength` at every token."""
        from safeneuron.models.sites import intervened

        assert strength is not None  # it has no other

        def pinned(neurons: "torch.Tensor", activations: "torch.Tensor") -> "torch.Tensor":
            return activations.masked_fill(neurons.to(activations.device), strength)

        return intervened(model, target, pinned)
