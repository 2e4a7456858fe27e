"""Neurons that training cannot move by one bit, and the proof that it did not.

A neuron's slices are its gate row, its up row and its down column. Nothing is assumed of the
optimizer: gradients are masked as they are computed, before clipping, and the slices are restored
after every optimizer step, so weight decay and momentum cannot move them either. A process that
holds a shard of a weight masks and restores what its shard has of the slices.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch.distributed.tensor import DTensor
from transformers import PreTrainedModel

from safeneuron.alignment.shards import shard
from safeneuron.models.sites import Index, owned


class FreezeViolationError(RuntimeError):
    """A frozen element moved, or no free element did."""


@dataclass(frozen=True)
class FreezeReport:
    """What moved in one training.

    Attributes:
        frozen_elements: elements of the frozen slices.
        frozen_max_change: largest absolute change among them; must be exactly 0.
        frozen_sha256_before, frozen_sha256_after: hash of their bytes; must be equal.
        free_elements: elements that were allowed to move.
        free_moved: share of those that did, in [0, 1].
        free_mean_change: their mean absolute change.
    """

    frozen_elements: int
    frozen_max_change: float
    frozen_sha256_before: str
    frozen_sha256_after: str
    free_elements: int
    free_moved: float
    free_mean_change: float

    def check(self) -> None:
        """Raise unless every frozen bit is as it was and something free moved.

        Raises:
            FreezeViolationError: says which of the two failed, and by how much.
        """
        if self.frozen_sha256_before != self.frozen_sha256_after:
            raise FreezeViolationError(
                f"frozen weights moved: {self.frozen_elements} elements, largest change "
                f"{self.frozen_max_change:.3g}"
            )
        if self.free_moved == 0:
            raise FreezeViolationError(
                f"nothing trained: none of {self.free_elements} free elements moved"
            )


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


@torch.no_grad()
def freeze_report(
    model: PreTrainedModel, before: PreTrainedModel, mask: np.ndarray
) -> FreezeReport:
    """Compare a trained model with the one that it started from, bit by bit.

    Args:
        before: the starting checkpoint, loaded anew, of the same architecture.
        mask: the neurons that were to stay constant.
    """
    hashes = hashlib.sha256(), hashlib.sha256()
    frozen_elements, frozen_change = 0, 0.0
    free_masks = {id(p): torch.ones_like(p, dtype=torch.bool) for p in model.parameters()}
    starts = dict(before.named_parameters())
    old_slices = frozen_slices(before, mask)
    for (parameter, index), (old, old_index) in zip(
        frozen_slices(model, mask), old_slices, strict=True
    ):
        now, then = parameter[index].cpu(), old[old_index].cpu()
        frozen_elements += now.numel()
        frozen_change = max(frozen_change, (now - then).abs().max().item())
        for digest, values in zip(hashes, (then, now), strict=True):
            digest.update(values.contiguous().view(torch.uint8).numpy().tobytes())
        free_masks[id(parameter)][index] = False
    free_elements, moved, total_change = 0, 0, 0.0
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            free = free_masks[id(parameter)]
            change = (parameter - starts[name].to(parameter)).abs()[free]
            free_elements += int(free.sum())
            moved += int((change > 0).sum())
            total_change += change.double().sum().item()
    return FreezeReport(
        frozen_elements=frozen_elements,
        frozen_max_change=frozen_change,
        frozen_sha256_before=hashes[0].hexdigest(),
        frozen_sha256_after=hashes[1].hexdigest(),
        free_elements=free_elements,
        free_moved=moved / free_elements if free_elements else 0.0,
        free_mean_change=total_change / free_elements if free_elements else 0.0,
    )


def _masking(index: Index) -> Callable[[torch.Tensor], None]:
    def hook(parameter: torch.Tensor) -> None:
        assert parameter.grad is not None
        shard(parameter.grad)[index] = 0

    return hook


def _in_shard(weight: torch.Tensor, index: Index) -> Index:
    """An index of a weight as one of this process' shard, whose rows are a chunk of the weight's.

    Raises:
        ValueError: the weight is sharded otherwise.
    """
    if not isinstance(weight, DTensor):
        return index
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
