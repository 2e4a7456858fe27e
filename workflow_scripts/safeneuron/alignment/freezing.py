"""Neurons that training cannot move by one bit; `freeze_proof` proves that it did not.

A neuron's slices are its gate row, its up row and its down column. Nothing is assumed of the
optimizer: gradients are masked as they are computed, before clipping, and the slices are restored
after every optimizer step, so weight decay and momentum cannot move them either. A process that
holds a shard of a weight masks and restores what its shard has of the slices.
"""

from collections.abc import Callable, Iterable

import numpy as np
import torch
from torch.distributed.tensor import DTensor
from transformers import PreTrainedModel

from safeneuron.alignment.shards import shard
from safeneuron.models.site import Index
from safeneuron.models.sites import owned

Slices = Iterable[tuple[torch.Tensor, Index]]
"""Parts of weights and biases, each with its index."""


class FrozenSlices:
    """Holds slices of weights constant while an optimizer trains the rest of them."""

    def __init__(self, slices: Slices) -> None:
        """Remember the slices and mask their gradients from now on."""
        self._slices = [(parameter, _in_shard(parameter, index)) for parameter, index in slices]
        self._saved = [shard(weight)[index].detach().clone() for weight, index in self._slices]
        # this kind of hook sees gradients that accumulated, and those of a shard after all
        # processes' gradients were added up
        self._handles = [
            weight.register_post_accumulate_grad_hook(_masking(index))
            for weight, index in self._slices
            if weight.requires_grad
        ]

    @torch.no_grad()
    def restore(self) -> None:
        """Write the remembered slices back; to be called after every optimizer step."""
        for (parameter, index), saved in zip(self._slices, self._saved, strict=True):
            shard(parameter)[index] = saved

    @torch.no_grad()
    def moved(self) -> float:
        """The largest change of a remembered element since; 0 and -0 are equal."""
        changes = [
            (shard(parameter)[index] - saved).abs().max().item()
            for (parameter, index), saved in zip(self._slices, self._saved, strict=True)
            if saved.numel()
        ]
        return max(changes, default=0.0)

    def release(self) -> None:
        """Stop masking gradients."""
        for handle in self._handles:
            handle.remove()


def frozen_slices(model: PreTrainedModel, mask: np.ndarray) -> list[tuple[torch.Tensor, Index]]:
    """What neurons own of a model's weights and biases.

    Args:
        mask: boolean [layers, neurons].

    Raises:
        ValueError: the mask does not have the model's shape.
    """
    return [(part.parameter, part.where) for part in owned(model, mask)]


def _masking(index: Index) -> Callable[[torch.Tensor], None]:
    def hook(parameter: torch.Tensor) -> None:
        assert parameter.grad is not None
        shard(parameter.grad)[index] = 0

    return hook


def _in_shard(weight: torch.Tensor, index: Index) -> Index:
    """An index of a weight as one of this process' shard, whose rows are a chunk of the weight's.

    Raises:
        ValueError: the weight is sharded otherwise, or is one of all experts.
    """
    if not isinstance(weight, DTensor):
        return index
    if weight.dim() > 2:
        raise ValueError("weights of experts are sharded; take parallel: none or ddp")
    mesh, placements = weight.device_mesh, weight.placements
    rows = -(-weight.shape[0] // mesh.size())
    held = range(weight.shape[0])[rows * mesh.get_local_rank() :][:rows]
    if mesh.ndim != 1 or not placements[0].is_shard(0) or len(held) != len(shard(weight)):
        raise ValueError(f"a weight is sharded as {placements} over {mesh}, not by chunks of rows")
    wanted = index[0]
    if isinstance(wanted, slice):  # a column: every process has its part of it
        return index
    inside = (wanted >= held.start) & (wanted < held.stop)
    return (wanted[inside] - held.start,)
