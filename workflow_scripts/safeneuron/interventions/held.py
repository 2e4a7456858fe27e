"""Neurons that are held at constants of their own: what operators that do it have in common."""

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from safeneuron.interventions.intervention import Operator
from safeneuron.neurons.random_sets import matched_random

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel


class Held(Operator):
    """Neurons are held at `constants`, which follow from means of all neurons.

    A target is an array [1 + number of means, layers, neurons]: 1 for the neurons to act on and 0
    for others, and the means of all neurons.
    """

    of_sides: ClassVar[tuple[int, ...]] = ()
    """What stands before [layers, neurons] in the shape of the means."""

    @abstractmethod
    def constants(self, means: np.ndarray, strength: float | None) -> np.ndarray:
        """What the neurons are held at, [layers, neurons].

        Args:
            means: [*of_sides, layers, neurons].
        """

    def on(self, mask: np.ndarray, means: np.ndarray | None) -> np.ndarray:
        """The neurons of a mask, with the means of all.

        Args:
            means: [*of_sides, layers, neurons].

        Raises:
            ValueError: there are no means, or not of these neurons.
        """
        if means is None or means.shape != (*self.of_sides, *mask.shape):
            found = None if means is None else means.shape
            raise ValueError(f"means of shape {found} for neurons of shape {mask.shape}")
        return np.stack([mask.astype(np.float64), *means.reshape(-1, *mask.shape)])

    @contextmanager
    def applied(
        self, model: "PreTrainedModel", target: np.ndarray, strength: float | None
    ) -> Iterator[None]:
        """A context in which the neurons are their constants at every token."""
        import torch

        from safeneuron.models.sites import masked_sites

        constants = self.constants(self._means(target), strength)

        def held(
            neurons: "torch.Tensor", values: "torch.Tensor", activations: "torch.Tensor"
        ) -> "torch.Tensor":
            there = neurons.to(activations.device)
            return torch.where(there, values.to(activations), activations)

        with ExitStack() as contexts:
            for site, row in masked_sites(model, target[0] > 0):
                contexts.enter_context(site.changed(held, row, constants[site.layer, : len(row)]))
            yield

    def size(self, target: np.ndarray) -> int:
        """How many neurons."""
        return int(target[0].sum())

    def control(
        self, target: np.ndarray, rng: np.random.Generator, present: np.ndarray | None = None
    ) -> np.ndarray:
        """As many neurons in each layer, at constants of their own."""
        return self.on(matched_random(target[0] > 0, rng, present), self._means(target))

    def _means(self, target: np.ndarray) -> np.ndarray:
        return target[1:].reshape(*self.of_sides, *target.shape[1:])
