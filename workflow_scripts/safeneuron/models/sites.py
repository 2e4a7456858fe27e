"""Where a model's neurons and its residual stream are, and what may be asked of these places.

Definition (paper §3.1, Eq. 3): neuron j of layer l is element j of the input of that layer's
`down_proj`, i.e. of the gated product, or of what the activation function gives where a layer has
no gate. Scoring, freezing and attack all ask the sites: no other module hooks a layer or knows how
an architecture names and lays out its projections.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, TypeAlias, TypeGuard

import numpy as np
import torch
from torch import nn
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from safeneuron.models.experts import experts_site
from safeneuron.models.site import Index, NeuronSite, Owned, Site, UnsupportedArchitectureError


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
    # without a gate
    Family(("up_proj",), "down_proj"),  # Nemotron, Arcee, Apertus
    Family(("c_fc",), "c_proj"),  # Starcoder, GPT-2, GPT-Neo
    Family(("dense_h_to_4h",), "dense_4h_to_h"),  # GPT-NeoX (Pythia), Persimmon, Falcon
    Family(("fc1",), "fc2"),  # Phi-1, Phi-2
    Family(("fc_in",), "fc_out"),  # GPT-J
)
"""A new one is a line here; tables of learned positions must be known to `models.positions`."""


FFN_NAMES = ("mlp", "feed_forward")
"""How layers call their FFN; the second are hybrids' (Falcon-H1)."""

LAYERS = ("layers", "h")
"""How decoders call their layers; the second is GPT-2's."""

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
        return [*owned, self.outgoing(row)]

    def outgoing(self, row: np.ndarray) -> Owned:
        """The columns of the down projection that belong to neurons: all that the model reads."""
        neurons = torch.from_numpy(np.flatnonzero(row)).to(self.down.weight.device)
        every = slice(None)
        where = (neurons, every) if is_transposed(self.down) else (every, neurons)
        return Owned(self.down.weight, where, self.down, False)

    def changed(
        self, change: Callable[..., torch.Tensor], *of_neurons: np.ndarray
    ) -> AbstractContextManager[None]:
        """A context in which the layer's neurons are what `change` makes of them.

        Args:
            change: from tensors [neurons] on the CPU and activations [prompts, tokens, neurons].
            of_neurons: what the tensors have.
        """
        return self.intervene(partial(change, *(torch.from_numpy(a.copy()) for a in of_neurons)))


def decoder_layers(model: PreTrainedModel) -> nn.ModuleList:
    """The transformer layers of the (language) decoder.

    Raises:
        UnsupportedArchitectureError: the decoder has no `LAYERS`; the message shows its children.
    """
    decoder = model.get_decoder()
    children = dict(decoder.named_children())
    for layers in (children.get(name) for name in LAYERS):
        if isinstance(layers, nn.ModuleList):
            return layers
    raise UnsupportedArchitectureError(
        f"{type(model).__name__}: its decoder {type(decoder).__name__} has no "
        f"{' or '.join(map(repr, LAYERS))}; it has {list(children)}"
    )


def residual_sites(model: PreTrainedModel) -> list[Site]:
    """The residual stream as each layer is given it, in order.

    Raises:
        UnsupportedArchitectureError: the decoder has no layers; the message shows its children.
    """
    return [Site(number, layer) for number, layer in enumerate(decoder_layers(model))]


def ffn_sites(model: PreTrainedModel) -> list[NeuronSite]:
    """The sites of all layers' FFNs, or of their mixtures of experts, in order.

    Raises:
        UnsupportedArchitectureError: a layer's FFN is of no known family or of another one than the
            first layer's, the message shows the module tree of that layer; a module with weights
            stands between product and projection; or layers differ in width.
        RuntimeError: experts are not exposed (`models.experts`).
    """
    sites = [_ffn_site(model, i, layer) for i, layer in enumerate(decoder_layers(model))]
    widths = sorted({site.neurons for site in sites})
    if len(widths) != 1:
        raise UnsupportedArchitectureError(
            f"{type(model).__name__}: its layers have {widths} neurons; they must have as many each"
        )
    for site in sites:
        if type(site) is not type(sites[0]) or site.form != sites[0].form:
            raise UnsupportedArchitectureError(
                f"{type(model).__name__}: layer {site.layer} has an FFN of another family than "
                "layer 0; all must be of one"
            )
    return sites


def masked_sites(model: PreTrainedModel, mask: np.ndarray) -> list[tuple[NeuronSite, np.ndarray]]:
    """The sites that have neurons in a mask, each with its row of it.

    Args:
        mask: boolean [layers, neurons].

    Raises:
        ValueError: the mask does not have the model's shape.
    """
    sites = ffn_sites(model)
    expected = (len(sites), sites[0].neurons)
    if mask.shape != expected:
        raise ValueError(f"a mask of shape {mask.shape} for a model of {expected} neurons")
    return [(site, row) for site, row in zip(sites, mask, strict=True) if row.any()]


def owned(model: PreTrainedModel, mask: np.ndarray) -> list[Owned]:
    """Every part of a parameter that belongs to the neurons of a mask, layer by layer.

    Args:
        mask: boolean [layers, neurons].

    Raises:
        ValueError: the mask does not have the model's shape.
    """
    return [part for site, row in masked_sites(model, mask) for part in site.owned(row)]


@contextmanager
def observed(sites: Sequence[Site], see: Callable[[int, Any], Any]) -> Iterator[None]:
    """A context in which `see` gets each site's layer and what it observes.

    Activations [prompts, tokens, width]; of a mixture of experts `models.experts.Routed`.
    """
    with ExitStack() as contexts:
        for site in sites:
            contexts.enter_context(site.observe(partial(see, site.layer)))
        yield


@contextmanager
def intervened(
    model: PreTrainedModel,
    mask: np.ndarray,
    change: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
) -> Iterator[None]:
    """A context in which the neurons of a mask are what `change` makes of them.

    Args:
        mask: boolean [layers, neurons].
        change: from a layer's row of the mask (boolean [neurons], on the CPU) and its activations
            [prompts, tokens, neurons] to the activations that the model goes on with; of a mixture
            of experts both are [rows, neurons of an expert], see `models.experts.Routed`.

    Raises:
        ValueError: the mask does not have the model's shape.
    """
    with ExitStack() as contexts:
        for site, row in masked_sites(model, mask):
            contexts.enter_context(site.changed(change, row))
        yield


def _ffn_site(model: PreTrainedModel, index: int, layer: nn.Module) -> NeuronSite:
    parts = _ffn_parts(layer)
    if "experts" in parts:
        return experts_site(model, index, parts)
    for family in FAMILIES:
        if projections := _projections(family, layer):
            site = FFNSite(index, projections[-1], tuple(projections[:-1]))
            _check_alone(model, site, layer)
            return site
    tree = ", ".join(name for name, _ in layer.named_modules() if name)
    known = "; ".join(f"{family.down} with {', '.join(family.inward)}" for family in FAMILIES)
    raise UnsupportedArchitectureError(
        f"{type(model).__name__}: layer {index} has no FFN of a known family ({known}), so its "
        f"neurons are not defined. Modules: {tree}"
    )


def _projections(family: Family, layer: nn.Module) -> list[Projection]:
    """The projections of a layer's FFN, `down` last; none if it is of another family."""
    parts = _ffn_parts(layer)
    projections = [parts.get(name) for name in (*family.inward, family.down)]
    found = [p for p in projections if p is not None and _is_projection(p)]
    return found if len(found) == len(projections) else []


def _ffn_parts(layer: nn.Module) -> dict[str, nn.Module]:
    parts = dict(layer.named_children())
    found = [parts[name] for name in FFN_NAMES if name in parts]
    return dict(found[0].named_children()) if len(found) == 1 else {}


def _check_alone(model: PreTrainedModel, site: FFNSite, layer: nn.Module) -> None:
    """Raise unless a neuron is computed by its own rows alone: BitNet's is normed with others."""
    of_site = {*site.inward, site.down}
    for name, part in _ffn_parts(layer).items():
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
