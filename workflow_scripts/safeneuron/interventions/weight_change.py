"""All weights of a model changed for a while, tensor by tensor, and put back to the bit."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from zlib import crc32

import numpy as np
import torch
from transformers import PreTrainedModel

from safeneuron.models.stored_weights import StoredWeights

Change = Callable[[str, torch.Tensor], torch.Tensor]
"""Name and float32 values of a weight -> its new values, of the same shape."""


@contextmanager
def changed(model: PreTrainedModel, change: Change) -> Iterator[None]:
    """A context in which every weight is what a change makes of it, written in place.

    It holds a copy of the weights in host memory, and a few tensors in float32 at a time.
    """
    kept: list[tuple[torch.nn.Parameter, torch.Tensor]] = []
    try:
        with torch.no_grad():
            for name, weight in model.named_parameters():
                new = change(name, weight.float())
                kept.append((weight, weight.detach().to("cpu", copy=True)))
                weight.copy_(new)
        yield
    finally:
        with torch.no_grad():
            for weight, before in kept:
                weight.copy_(before)


class Toward(ABC):
    """A way to go for all weights."""

    @abstractmethod
    def share(self, a: float) -> Change:
        """The change that goes a share of the way, in [0, 1]."""

    def elsewhere(self, seed: int) -> "Toward":
        """As far in a random direction, tensor by tensor."""
        return Elsewhere(self, seed)


class TowardStored(Toward):
    """To the weights of a checkpoint folder."""

    def __init__(self, weights: StoredWeights) -> None:
        """`weights` are read as they are needed."""
        self._weights = weights

    def share(self, a: float) -> Change:
        """(1 - a) of the model's weights and a of the other's; exactly the other's for a = 1."""

        def change(name: str, weight: torch.Tensor) -> torch.Tensor:
            return torch.lerp(weight, self._weights.like(name, weight), a)

        return change


class Elsewhere(Toward):
    """As far as another way goes, in a direction that is uniform over each tensor's sphere.

    The distance of each share is the other way's; the direction is the same for all shares.
    """

    def __init__(self, way: Toward, seed: int) -> None:
        """`seed` is of the direction."""
        self._way, self._seed = way, seed

    def share(self, a: float) -> Change:
        """The change in the random direction."""
        other = self._way.share(a)

        def change(name: str, weight: torch.Tensor) -> torch.Tensor:
            distance = torch.linalg.vector_norm((other(name, weight) - weight).double())
            rng = np.random.default_rng([self._seed, crc32(name.encode())])
            step = torch.from_numpy(rng.standard_normal(tuple(weight.shape), np.float32))
            scale = distance / torch.linalg.vector_norm(step.double())
            return weight + (step.to(weight.device) * scale.float())

        return change
