"""The operator `pin_gap`: neurons held beyond what they are on safe prompts, away from unsafe ones.

A constant says little by itself, as neurons differ in scale: one that is 4 on unsafe prompts and 0
on safe ones is held at -4 or -40 (2605.08513 pins to constants that are found for each neuron).
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Literal

import numpy as np

from safeneuron.interventions.intervention import Operator
from safeneuron.neurons.random_sets import matched_random
from safeneuron.settings import Distinct

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel


class PinGap(Operator):
    """Neurons are held at their safe mean less so many times the gap to their unsafe mean.

    A target is an array [3, layers, neurons]: 1 for the neurons to act on and 0 for others, and the
    means of all neurons on unsafe and on safe prompts.
    """

    kind: Literal["pin_gap"] = "pin_gap"
    strengths: Distinct[float]

    def at_strengths(self) -> list[float | None]:
        """How many gaps."""
        return [*self.strengths]

    def on(self, mask: np.ndarray, means: np.ndarray | None) -> np.ndarray:
        """The neurons of a mask, with both means of all.

        Args:
            means: [2, layers, neurons], on unsafe and on safe prompts.

        Raises:
            ValueError: there are no means, or not of these neurons.
        """
        if means is None or means.shape != (2, *mask.shape):
            found = None if means is None else means.shape
            raise ValueError(f"means of shape {found} for neurons of shape {mask.shape}")
        return np.stack([mask.astype(np.float64), *means])

    @contextmanager
    def applied(
        self, model: "PreTrainedModel", target: np.ndarray, strength: float | None
    ) -> Iterator[None]:
        """A context in which the neurons are safe mean - strength * (unsafe - safe mean)."""
        import torch

        from safeneuron.models.sites import masked_sites

        assert strength is not None  # it has no other
        chosen, unsafe, safe = target
        constants = safe - strength * (unsafe - safe)

        def held(
            neurons: "torch.Tensor", values: "torch.Tensor", activations: "torch.Tensor"
        ) -> "torch.Tensor":
            there = neurons.to(activations.device)
            return torch.where(there, values.to(activations), activations)

        with ExitStack() as contexts:
            for site, row in masked_sites(model, chosen > 0):
                contexts.enter_context(site.changed(held, row, constants[site.layer, : len(row)]))
            yield

    def size(self, target: np.ndarray) -> int:
        """How many neurons."""
        return int(target[0].sum())

    def control(
        self, target: np.ndarray, rng: np.random.Generator, present: np.ndarray | None = None
    ) -> np.ndarray:
        """As many neurons in each layer, at constants of their own."""
        return self.on(matched_random(target[0] > 0, rng, present), target[1:])
