"""One layer's FFN: how its projections are named and laid out, and what may be asked of it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, TypeAlias, TypeGuard

import numpy as np
import torch
from torch import nn
from transformers.pytorch_utils import Conv1D

from safeneuron.models.site import Index, NeuronSite, Owned, UnsupportedArchitectureError


class Family(NamedTuple):
    """How the layers of some architectures name the parts of their FFN.

    Attributes:
        inward: the projections that the neurons are computed by: gate and up, both fused (all first
            numbers of the neurons before all second ones), or one alone where there is no gate.
        down: the projection that reads the neurons.
    """

    inward: tuple[str, ...]
    down: str


FAMILIES = (
    Family(("gate_proj", "up_proj"), "down_proj"),  # Llama, Mistral, Qwen, Gemma
    Family(("gate_up_proj",), "down_proj"),  # Phi-3, Phi-4
    Family(("w1", "w3"), "w2"),  # LFM2
    # without a gate
    Family(("up_proj",), "down_proj"),  # Nemotron, Arcee, Apertus
    Family(("c_fc",), "c_proj"),  # Starcoder, GPT-2, GPT-Neo
    Family(("dense_h_to_4h",), "dense_4h_to_h"),  # GPT-NeoX (Pythia), Persimmon, Falcon
    Family(("fc1",), "fc2"),  # Phi-1, Phi-2
    Family(("fc_in",), "fc_out"),  # GPT-J
)
"""A new one is a line here; tables of learned positions must be known to `models.positions`."""


Projection: TypeAlias = nn.Linear | Conv1D
"""What has a weight [out, in], or [in, out] in GPT-2's `Conv1D`."""


@dataclass(frozen=True)
class FFNSite(NeuronSite):
    """One layer's FFN: its `module` is the down projection, whose inputs are the neurons.

    Attributes:
        inward: the projections that the neurons are computed by.
    """

    module: Projection
    inward: tuple[Projection, ...]

    @property
    def down(self) -> Projection:
        """The down projection."""
        return self.module

    @property
    def neurons(self) -> int:
        """How many neurons the layer has."""
        return _by_rows(self.down).shape[1]

    @property
    def form(self) -> tuple[int, ...]:
        """How many numbers each inward projection gives for a neuron."""
        return tuple(len(_by_rows(p)) // self.neurons for p in self.inward)

    @property
    def dtype(self) -> torch.dtype:
        """Of the down projection."""
        return self.down.weight.dtype

    @property
    def write_norm(self) -> np.ndarray:
        """Euclidean norm of each neuron's column of the down projection, float64 [neurons]."""
        columns = _by_rows(self.down).detach().cpu().double()
        return torch.linalg.vector_norm(columns, dim=0).numpy()

    @property
    def trainable(self) -> list[torch.Tensor]:
        """The weights of all its projections."""
        return [projection.weight for projection in (*self.inward, self.down)]

    def owned(self, row: np.ndarray) -> list[Owned]:
        """Rows of the inward projections and of their biases, and columns of the down projection.

        Args:
            row: boolean [neurons].
        """
        neurons = torch.from_numpy(np.flatnonzero(row)).to(self.down.weight.device)
        owned = []
        for projection in self.inward:
            offsets = range(0, len(_by_rows(projection)), self.neurons)
            rows = torch.cat([neurons + offset for offset in offsets])
            where: Index = (slice(None), rows) if is_transposed(projection) else (rows,)
            owned.append(Owned(projection.weight, where, projection, True))
            if projection.bias is not None:
                owned.append(Owned(projection.bias, (rows,), projection, True))
        every = slice(None)
        where = (neurons, every) if is_transposed(self.down) else (every, neurons)
        return [*owned, Owned(self.down.weight, where, self.down, False)]

    def changed(
        self, change: Callable[..., torch.Tensor], *of_neurons: np.ndarray
    ) -> AbstractContextManager[None]:
        """A context in which the layer's neurons are what `change` makes of them.

        Args:
            change: from tensors [neurons] on the CPU and activations [prompts, tokens, neurons].
            of_neurons: what the tensors have.
        """
        return self.intervene(partial(change, *(torch.from_numpy(a.copy()) for a in of_neurons)))


def ffn_site(model: nn.Module, index: int, parts: dict[str, nn.Module]) -> FFNSite | None:
    """The site of an FFN that has some parts; None if they are of no known family.

    Raises:
        UnsupportedArchitectureError: a module with weights stands beside its projections.
    """
    for family in FAMILIES:
        if projections := _projections(family, parts):
            site = FFNSite(index, projections[-1], tuple(projections[:-1]))
            _check_alone(model, site, parts)
            return site
    return None


def known_families() -> str:
    """The families, for messages."""
    return "; ".join(f"{family.down} with {', '.join(family.inward)}" for family in FAMILIES)


def _projections(family: Family, parts: dict[str, nn.Module]) -> list[Projection]:
    """The projections of an FFN, `down` last; none if it is of another family."""
    projections = [parts.get(name) for name in (*family.inward, family.down)]
    found = [p for p in projections if p is not None and _is_projection(p)]
    return found if len(found) == len(projections) else []


def _check_alone(model: nn.Module, site: FFNSite, parts: dict[str, nn.Module]) -> None:
    """Raise unless a neuron is computed by its own rows alone: BitNet's is normed with others."""
    of_site = {*site.inward, site.down}
    for name, part in parts.items():
        if part not in of_site and any(p.numel() >= site.neurons for p in part.parameters()):
            raise UnsupportedArchitectureError(
                f"{type(model).__name__}: layer {site.layer} has '{name}' "
                f"({type(part).__name__}) in its FFN beside its projections, so that a neuron is "
                "not computed by weights of its own"
            )


def is_transposed(projection: nn.Module) -> bool:
    """Whether its weight is [in, out]."""
    return isinstance(_inner(projection), Conv1D)


def _by_rows(projection: Projection) -> torch.Tensor:
    """A projection's weight, [out, in] however it is stored."""
    return projection.weight.T if is_transposed(projection) else projection.weight


def _is_projection(module: nn.Module) -> TypeGuard[Projection]:
    """Whether a module is a linear layer, or one that an adapter (LoRA) is wrapped around."""
    return isinstance(_inner(module), Projection)


def _inner(module: nn.Module) -> nn.Module:
    """The module that an adapter is wrapped around; itself if none is."""
    return dict(module.named_children()).get("base_layer", module)
