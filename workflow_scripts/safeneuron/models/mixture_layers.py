"""Layers of a model with experts: mixtures with an expert that every token reaches, plain FFNs.

The grid of such a model counts whole experts. The neurons of a shared expert come after those of
the routed ones; a plain FFN is as many experts, all reached by every token, as its neurons make.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from safeneuron.models.experts import ExpertsSite, Routed, experts_site
from safeneuron.models.ffn import FFNSite, ffn_site
from safeneuron.models.site import NeuronSite, Owned, UnsupportedArchitectureError

ROUTERS = ("gate", "router")
SHARED = ("shared_expert", "shared_experts", "shared_mlp")
"""How mixtures call the expert that every token reaches."""
_SHARED_GATES = ("shared_expert_gate",)


@dataclass(frozen=True)
class EverywhereSite(FFNSite):
    """An FFN that every token reaches, beside experts: its neurons make some experts.

    Attributes:
        width: neurons of an expert; the last one may have fewer.
    """

    width: int

    @contextmanager
    def observe(self, see: Callable[[Any], Any]) -> Iterator[None]:
        """A context in which `see` gets the activations, as `Routed`."""
        with super().observe(lambda activations: see(self._as_routed(activations))):
            yield

    def _as_routed(self, activations: torch.Tensor) -> Routed:
        """Activations [..., neurons] expert by expert; those that there are not are 0."""
        flat = activations.flatten(0, -2)
        number = -(-self.neurons // self.width)
        padded = nn.functional.pad(flat, (0, number * self.width - self.neurons))
        tokens = torch.arange(len(flat), device=flat.device)
        return Routed(
            padded.unflatten(1, (number, self.width)).transpose(0, 1).flatten(0, 1),
            tokens.repeat(number),
            torch.arange(number, device=flat.device).repeat_interleave(len(flat)),
            number,
        )


@dataclass(frozen=True)
class MixtureSite(NeuronSite):
    """A mixture with a shared expert: its `module` is that of the routed experts.

    Attributes:
        routed: the experts that a router chooses.
        shared: the one that every token reaches.
    """

    routed: ExpertsSite
    shared: EverywhereSite

    @property
    def neurons(self) -> int:
        """How many neurons the layer has: of the routed experts, and then of the shared one."""
        return self.routed.neurons + self.shared.neurons

    @property
    def form(self) -> tuple[int, ...]:
        """That of the routed experts."""
        return self.routed.form

    @property
    def dtype(self) -> torch.dtype:
        """Of the down projections."""
        return self.routed.dtype

    @property
    def write_norm(self) -> np.ndarray:
        """Euclidean norm of each neuron's column of its down projection, float64 [neurons]."""
        return np.concatenate([self.routed.write_norm, self.shared.write_norm])

    @property
    def trainable(self) -> list[torch.Tensor]:
        """The weights of all experts, without the routers'."""
        return [*self.routed.trainable, *self.shared.trainable]

    def owned(self, row: np.ndarray) -> list[Owned]:
        """Rows of the experts' gates and ups, and columns of their down projections.

        Args:
            row: boolean [neurons].
        """
        both = zip((self.routed, self.shared), self._split(row), strict=True)
        return [part for site, own in both if own.any() for part in site.owned(own)]

    @contextmanager
    def observe(self, see: Callable[[Any], Any]) -> Iterator[None]:
        """A context in which `see` gets the activations of both in a pass, as one `Routed`."""
        seen: dict[str, Routed] = {}

        def gather(name: str, activations: Routed) -> None:
            seen[name] = activations
            if len(seen) == 2:
                see(_beside(seen.pop("routed"), seen.pop("shared")))

        with (
            self.routed.observe(lambda activations: gather("routed", activations)),
            self.shared.observe(lambda activations: gather("shared", activations)),
        ):
            yield

    @contextmanager
    def changed(
        self, change: Callable[..., torch.Tensor], *of_neurons: np.ndarray
    ) -> Iterator[None]:
        """A context in which the layer's neurons are what `change` makes of them.

        Args:
            change: from tensors and activations, [rows, width] of routed experts and [..., neurons]
                of the shared one.
            of_neurons: what the tensors have, [neurons] each.
        """
        routed, shared = zip(*map(self._split, of_neurons), strict=True)
        with ExitStack() as contexts:
            contexts.enter_context(self.routed.changed(change, *routed))
            contexts.enter_context(self.shared.changed(change, *shared))
            yield

    def _split(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values of all neurons as those of the routed experts and of the shared one."""
        return values[: self.routed.neurons], values[self.routed.neurons :]


def _beside(routed: Routed, shared: Routed) -> Routed:
    """Activations of experts and, as experts after them, of others."""
    return Routed(
        torch.cat([routed.activations, shared.activations]),
        torch.cat([routed.tokens, shared.tokens]),
        torch.cat([routed.experts, shared.experts + routed.number]),
        routed.number + shared.number,
    )


def mixture_site(model: Any, layer: int, parts: dict[str, nn.Module]) -> NeuronSite:
    """The site of a layer whose FFN has some parts, `experts` among them.

    Raises:
        UnsupportedArchitectureError: it is no mixture of a supported kind, see `experts_site`, or
            has other parts than experts, a router and one shared expert.
        RuntimeError: the experts are not exposed (`expose_experts`).
    """
    routed = experts_site(model, layer, parts["experts"])
    shared = [name for name in SHARED if name in parts]
    others = parts.keys() - {"experts", *ROUTERS, *shared, *_SHARED_GATES}
    if others or len(shared) > 1:
        raise UnsupportedArchitectureError(
            f"{type(model).__name__}: layer {layer} is a mixture of experts with "
            f"{', '.join(parts)}; supported are experts, a router and a shared expert"
        )
    if not shared:
        return routed
    found = ffn_site(model, layer, dict(parts[shared[0]].named_children()))
    if found is None:
        raise UnsupportedArchitectureError(
            f"{type(model).__name__}: layer {layer} has a shared expert '{shared[0]}' of no known "
            "family"
        )
    return MixtureSite(layer, routed.module, routed, everywhere(model, found, routed.width))


def is_mixture(sites: Sequence[NeuronSite]) -> bool:
    """Whether layers of a model are mixtures of experts."""
    return expert_width(sites) > 0


def expert_width(sites: Sequence[NeuronSite]) -> int:
    """Neurons of an expert; 0 if no layer is a mixture."""
    for site in sites:
        match site:
            case ExpertsSite(width=width) | MixtureSite(routed=ExpertsSite(width=width)):
                return width
    return 0


def everywhere(model: Any, site: FFNSite, width: int) -> EverywhereSite:
    """An FFN beside experts of some neurons each.

    Raises:
        UnsupportedArchitectureError: its neurons have other numbers inward than those of experts.
    """
    if sum(site.form) != 2 or any(p.bias is not None for p in site.inward):
        raise UnsupportedArchitectureError(
            f"{type(model).__name__}: layer {site.layer} has an FFN without a gate or with biases "
            "beside mixtures of experts; theirs are gated and without"
        )
    return EverywhereSite(site.layer, site.module, site.inward, width)
