"""The proof that training did not move frozen neurons by one bit, and that it moved the rest.

It compares two checkpoints tensor by tensor, and shares with what freezes no notion of where a
neuron is: `neuron_weights` tells that by names and shapes.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from transformers import PreTrainedConfig, PreTrainedModel

from safeneuron.alignment.expert_weights import expert_parts, laid_out
from safeneuron.alignment.neuron_weights import Part, Sizes, neuron_parts
from safeneuron.alignment.weight_decay import beyond_decay
from safeneuron.models.mixtures import MIXTURES, mixture_of
from safeneuron.models.sizes import decoder_sizes

Tensors = Mapping[str, torch.Tensor]
"""A checkpoint's tensors by name."""

_BITS = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}


class FreezeViolationError(RuntimeError):
    """A frozen element moved, or no free element trained."""


@dataclass(frozen=True)
class FreezeReport:
    """What moved in one training; an element moves where one of its bits changes.

    Attributes:
        frozen_neurons: neurons that were to stay constant; some arms freeze none.
        neuron_elements: elements of one of them: gate row, up row, their biases and down column.
        frozen_elements: elements of all of them; must be `frozen_neurons * neuron_elements`.
        frozen_moved: neurons among them of which some element moved; must be 0.
        frozen_max_change: largest absolute change of their elements; must be exactly 0.
        frozen_sha256_before, frozen_sha256_after: hash of their bytes; must be equal.
        constant_elements: elements of whole weights that do not train, such as a vision tower's.
        constant_moved: those of them that moved; must be 0.
        free_elements: elements that were allowed to move.
        free_moved: share of those that did, in [0, 1].
        free_trained: share of those that did otherwise than weight decay alone could have moved
            them, in [0, 1].
        free_mean_change: their mean absolute change.
    """

    frozen_neurons: int
    neuron_elements: int
    frozen_elements: int
    frozen_moved: int
    frozen_max_change: float
    frozen_sha256_before: str
    frozen_sha256_after: str
    constant_elements: int
    constant_moved: int
    free_elements: int
    free_moved: float
    free_trained: float
    free_mean_change: float

    def check(self) -> None:
        """Raise unless every bit of every frozen neuron is as it was and something free trained.

        Raises:
            FreezeViolationError: says what failed, and by how much.
        """
        if self.frozen_elements != self.frozen_neurons * self.neuron_elements:
            raise FreezeViolationError(
                f"{self.frozen_elements} frozen elements were compared, not "
                f"{self.neuron_elements} of each of {self.frozen_neurons} neurons"
            )
        if self.frozen_moved or self.frozen_sha256_before != self.frozen_sha256_after:
            raise FreezeViolationError(
                f"frozen weights moved: {self.frozen_moved} of {self.frozen_neurons} neurons, "
                f"{self.frozen_elements} elements, largest change {self.frozen_max_change:.3g}"
            )
        if self.constant_moved:
            raise FreezeViolationError(
                f"weights that do not train moved: {self.constant_moved} of "
                f"{self.constant_elements} elements"
            )
        if self.free_trained == 0:
            raise FreezeViolationError(
                f"nothing trained: none of {self.free_elements} free elements moved otherwise than "
                f"by weight decay, which moved a share of {self.free_moved:.3g}"
            )


@torch.no_grad()
def freeze_report(
    model: PreTrainedModel,
    before: PreTrainedModel,
    mask: np.ndarray,
    decay: Sequence[float] = (),
) -> FreezeReport:
    """Compare a trained model with the one that it started from, bit by bit.

    Args:
        model: its weights that train are those that require gradients.
        before: the starting checkpoint, loaded anew, of the same architecture.
        mask: the neurons that were to stay constant, boolean [layers, neurons].
        decay: the share of a weight that weight decay took in each step; none if it took none.

    Raises:
        ValueError: unless both have tensors of the same names, shapes and dtypes, and the mask
            their layers and neurons.
        UnaccountedNeuronsError: the tensors are not those of the configuration's neurons.
    """
    trained, starts = dict(model.named_parameters()), dict(before.named_parameters())
    _raise_unless_alike(trained, starts)
    sizes = _sizes(model.config.get_text_config(decoder=True))
    if mask.shape != (sizes.layers, sizes.neurons):
        raise ValueError(f"a mask of shape {mask.shape} for a model of {sizes}")
    find = expert_parts if sizes.experts else neuron_parts
    parts = find({name: weight.shape for name, weight in trained.items()}, sizes)

    hashes = hashlib.sha256(), hashlib.sha256()
    frozen, constant, free = _Compared(), _Compared(), _Compared()
    moved_neurons = np.zeros_like(mask)
    trained_elements = 0
    for name, now in trained.items():
        then, part = starts[name].to(now.device), parts.get(name)
        if part:
            row = mask[part.layer]
            old, new = (_of_neurons(values, part, row) for values in (then, now))
            for digest, values in zip(hashes, (old, new), strict=True):
                digest.update(_bytes(values))
            frozen.add(old, new)
            moved_neurons[part.layer, _moved(old, new, part, row)] = True
            then, now = (_of_neurons(values, part, ~row) for values in (then, now))
        if trained[name].requires_grad:
            free.add(then, now)
            trained_elements += int(beyond_decay(then, now, decay).sum())
        else:
            constant.add(then, now)
    free_elements = free.elements or 1
    return FreezeReport(
        frozen_neurons=int(mask.sum()),
        neuron_elements=_of_dims(parts, trained, 2) * sizes.hidden + _of_dims(parts, trained, 1),
        frozen_elements=frozen.elements,
        frozen_moved=int(moved_neurons.sum()),
        frozen_max_change=frozen.largest_change,
        frozen_sha256_before=hashes[0].hexdigest(),
        frozen_sha256_after=hashes[1].hexdigest(),
        constant_elements=constant.elements,
        constant_moved=constant.moved,
        free_elements=free.elements,
        free_moved=free.moved / free_elements,
        free_trained=trained_elements / free_elements,
        free_mean_change=free.total_change / free_elements,
    )


@dataclass
class _Compared:
    """Counts of elements of two checkpoints."""

    elements: int = 0
    moved: int = 0
    total_change: float = 0.0
    largest_change: float = 0.0

    def add(self, then: torch.Tensor, now: torch.Tensor) -> None:
        """Count those of one tensor, or of a part of it."""
        if then.numel():
            change = (now - then).abs()
            self.elements += then.numel()
            self.moved += int(_differ(then, now).sum())
            self.total_change += change.sum(dtype=torch.float64).item()
            self.largest_change = max(self.largest_change, change.max().item())


def _raise_unless_alike(trained: Tensors, starts: Tensors) -> None:
    described = [
        {name: (tuple(tensor.shape), tensor.dtype) for name, tensor in tensors.items()}
        for tensors in (trained, starts)
    ]
    if described[0] != described[1]:
        odd = sorted(dict(described[0].items() ^ described[1].items()))
        raise ValueError(f"the checkpoints differ in names, shapes or dtypes of {odd[:4]}")


def _sizes(config: PreTrainedConfig) -> Sizes:
    text = config.to_dict()
    sizes, mixture = decoder_sizes(text), mixture_of(text)
    found = Sizes(sizes.layers, sizes.neurons, sizes.hidden, transposed=sizes.transposed)
    if mixture is None:
        return found
    alternate = MIXTURES[text["model_type"]].alternate
    return found._replace(
        experts=mixture.experts,
        width=mixture.width,
        transposed=sizes.transposed or alternate,
        alternate=alternate,
    )


def _of_neurons(values: torch.Tensor, part: Part, row: np.ndarray) -> torch.Tensor:
    """The rows or columns that belong to the neurons of a row of a mask."""
    indices = torch.from_numpy(part.indices(row)).to(values.device)
    values = laid_out(values, part)
    return values.index_select(part.dim, indices)


def _moved(then: torch.Tensor, now: torch.Tensor, part: Part, row: np.ndarray) -> np.ndarray:
    """The neurons of a row of a mask whose rows or columns moved."""
    moved = _differ(then, now)
    if moved.dim() == 2:
        moved = moved.any(1 - part.dim)
    return part.neurons(part.indices(row)[moved.cpu().numpy()], row)


def _bits(values: torch.Tensor) -> torch.Tensor:
    return values.contiguous().view(_BITS[values.element_size()])


def _bytes(values: torch.Tensor) -> bytes:
    return values.contiguous().cpu().view(torch.uint8).numpy().tobytes()


def _differ(then: torch.Tensor, now: torch.Tensor) -> torch.Tensor:
    """Which elements differ in a bit."""
    return _bits(then) != _bits(now)


def _of_dims(parts: Mapping[str, Part], tensors: Tensors, dims: int) -> int:
    """How many rows and columns of weights (2) a neuron has, or how many biases (1).

    Told by the first neuron, which all are like.
    """
    return sum(
        part.times
        for name, part in parts.items()
        if (part.layer, part.first) == (0, 0) and laid_out(tensors[name], part).dim() == dims
    )
