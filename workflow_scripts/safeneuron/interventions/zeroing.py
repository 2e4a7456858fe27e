"""Neurons that are zero in the forward pass, for the operator `zero_ablate` and for training."""

from contextlib import AbstractContextManager, ExitStack

import numpy as np
import torch
from transformers import PreTrainedModel

from safeneuron.models.rows import of_rows
from safeneuron.models.sites import intervened


def zeroed(model: PreTrainedModel, mask: np.ndarray) -> AbstractContextManager[None]:
    """A context in which neurons are zero at every token (paper §4.2); weights are untouched.

    Multiplying the `down_proj` input gives logits identical to zeroing the neurons' `down_proj`
    columns or their `up` rows.

    Args:
        mask: boolean [layers, neurons], True for the neurons to zero.

    Raises:
        ValueError: the mask does not have the model's shape.
    """
    return intervened(model, mask, _zero)


class Zeroing:
    """`zeroed` with a switch: neurons are zero while `active`, until it is removed.

    Attributes:
        rows: the prompts that they are zero for, boolean [prompts] of one batch; None for all
            (`of_rows`). Neurons of mixtures of experts know no prompts: there it has to be None.
    """

    def __init__(self, model: PreTrainedModel, mask: np.ndarray) -> None:
        """Put it on the model, inactive; see `zeroed`."""
        self.active = False
        self.rows: torch.Tensor | None = None
        self._context = ExitStack()
        self._context.enter_context(intervened(model, mask, self._change))

    def _change(self, neurons: torch.Tensor, activations: torch.Tensor) -> torch.Tensor:
        if not self.active:
            return activations
        return of_rows(self.rows, activations, _zero(neurons, activations))

    def remove(self) -> None:
        """Take it off the model."""
        self._context.close()


def _zero(neurons: torch.Tensor, activations: torch.Tensor) -> torch.Tensor:
    return activations * (~neurons).to(activations)
