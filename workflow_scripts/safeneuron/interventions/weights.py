"""The operator `weights`: zero ablation in the weights, as an attacker who owns them does it.

A neuron whose `down_proj` column is zero contributes nothing: logits are those of `zero_ablate`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from safeneuron.interventions.intervention import Operator

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class Weights(Operator):
    """The neurons' columns of `down_proj` are zero."""

    kind: Literal["weights"] = Field(
        "weights", description="The neurons' columns of down_proj are zero."
    )

    def as_weights(self) -> Operator:
        """Itself."""
        return self

    @contextmanager
    def applied(
        self, model: "PreTrainedModel", target: np.ndarray, strength: float | None
    ) -> Iterator[None]:
        """A context in which the columns are zero; they come back to the bit."""
        import torch

        from safeneuron.models.sites import masked_sites

        kept = []
        with torch.no_grad():
            for site, row in masked_sites(model, target):
                for weight, columns, *_ in (p for p in site.owned(row) if not p.inward):
                    kept.append((weight, columns, weight[columns].clone()))
                    weight[columns] = 0
        try:
            yield
        finally:
            with torch.no_grad():
                for weight, columns, before in kept:
                    weight[columns] = before
