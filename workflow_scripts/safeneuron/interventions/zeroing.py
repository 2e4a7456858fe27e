"""Hooks that zero neurons, for the operator `zero_ablate` and for training."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import nn
from transformers import PreTrainedModel

from safeneuron.models.sites import masked_sites


class Zeroing:
    """Hooks that zero neurons at every token while `active`; weights are untouched.

    A hook multiplies the `down_proj` input, which gives logits identical to zeroing the neurons'
    `down_proj` columns or their `up` rows.
    """

    def __init__(self, model: PreTrainedModel, mask: np.ndarray) -> None:
        """Install the hooks, inactive.

        Args:
            mask: boolean [layers, neurons], True for the neurons to zero.

        Raises:
            ValueError: the mask does not have the model's shape.
        """
        self.active = False
        self._handles = [
            site.down.register_forward_pre_hook(self._hook(torch.tensor(~row)))
            for site, row in masked_sites(model, mask)
        ]

    def _hook(self, keep: torch.Tensor) -> Callable[..., tuple[Any, ...] | None]:
        def hook(module: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...] | None:
            if not self.active:
                return None
            activations = inputs[0]
            return (activations * keep.to(activations), *inputs[1:])

        return hook

    def remove(self) -> None:
        """Take the hooks off the model."""
        for handle in self._handles:
            handle.remove()


@contextmanager
def zeroed(model: PreTrainedModel, mask: np.ndarray) -> Iterator[None]:
    """Zero neurons while the context lasts (paper §4.2); see `Zeroing`."""
    zeroing = Zeroing(model, mask)
    zeroing.active = True
    try:
        yield
    finally:
        zeroing.remove()
