"""The operator `mean_ablate`: neurons that say of every prompt what they say of safe ones."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from safeneuron.interventions.intervention import Operator
from safeneuron.neurons.random_sets import matched_random

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel


class MeanAblate(Operator):
    """Neurons are held at their own means over the safe prompts of the identification.

    A target is an array [2, layers, neurons]: 1 for the neurons to act on and 0 for others, and the
    means of all neurons.
    """

    kind: Literal["mean_ablate"] = Field(
        "mean_ablate",
        description="Each neuron is held at its mean over the tokens of safe prompts.",
    )

    def on(self, mask: np.ndarray, means: np.ndarray | None) -> np.ndarray:
        """The neurons of a mask, with the means of all.

        Raises:
            ValueError: there are no means, or not of these neurons.
        """
        if means is None or means.shape != mask.shape:
            found = None if means is None else means.shape
            raise ValueError(f"means of shape {found} for neurons of shape {mask.shape}")
        return np.stack([mask.astype(np.float64), means])

    @contextmanager
    def applied(
        self, model: "PreTrainedModel", target: np.ndarray, strength: float | None
    ) -> Iterator[None]:
        """A context in which the neurons are their means at every token."""
        import torch

        from safeneuron.models.sites import masked_sites

        def held(
            neurons: "torch.Tensor", means: "torch.Tensor", activations: "torch.Tensor"
        ) -> "torch.Tensor":
            there = neurons.to(activations.device)
            return torch.where(there, means.to(activations), activations)

        with ExitStack() as contexts:
            for site, row in masked_sites(model, target[0] > 0):
                contexts.enter_context(site.changed(held, row, target[1, site.layer, : len(row)]))
            yield

    def size(self, target: np.ndarray) -> int:
        """How many neurons."""
        return int(target[0].sum())

    def control(
        self, target: np.ndarray, rng: np.random.Generator, present: np.ndarray | None = None
    ) -> np.ndarray:
        """As many neurons in each layer, at means of their own."""
        return self.on(matched_random(target[0] > 0, rng, present), target[1])
