"""The operator `pin`: neurons held at a constant at every token, whatever the prompt."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

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

    @contextmanager
    def applied(
        self, model: "PreTrainedModel", target: np.ndarray, strength: float | None
    ) -> Iterator[None]:
        """A context in which the neurons are `strength` at every token."""
        import torch

        from safeneuron.models.sites import masked_sites

        def hook_for(pinned: "torch.Tensor") -> Any:
            def hook(module: Any, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
                return (inputs[0].masked_fill(pinned.to(inputs[0].device), strength), *inputs[1:])

            return hook

        handles = [
            site.down.register_forward_pre_hook(hook_for(torch.from_numpy(row.copy())))
            for site, row in masked_sites(model, target)
        ]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()
