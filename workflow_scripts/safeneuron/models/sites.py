"""Where a model's neurons and its residual stream are, and what may be asked of these places.

Definition (paper §3.1, Eq. 3): neuron j of layer l is element j of the input of that layer's
`down_proj`, i.e. of the gated product, or of what the activation function gives where a layer has
no gate. Scoring, freezing and attack all ask the sites: no other module hooks a layer or knows how
an architecture names and lays out its projections.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn
from transformers import PreTrainedModel

from safeneuron.models.ffn import FFNSite, ffn_site, known_families
from safeneuron.models.mixture_layers import everywhere, expert_width, mixture_site
from safeneuron.models.site import NeuronSite, Owned, Site, UnsupportedArchitectureError

LAYERS = ("layers", "h")
"""How decoders call their layers; the second is GPT-2's."""

FFN_NAMES = ("mlp", "feed_forward")
"""How layers call their FFN; the second are hybrids' (Falcon-H1)."""


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
            first layer's, the message shows the module tree of that layer; or a module with weights
            stands between product and projection.
        RuntimeError: experts are not exposed (`models.experts`).
    """
    sites = [_ffn_site(model, i, layer) for i, layer in enumerate(decoder_layers(model))]
    if width := expert_width(sites):
        return [
            everywhere(model, site, width) if isinstance(site, FFNSite) else site for site in sites
        ]
    for site in sites:
        if site.form != sites[0].form:
            raise UnsupportedArchitectureError(
                f"{type(model).__name__}: layer {site.layer} has an FFN of another family than "
                "layer 0; all must be of one"
            )
    return sites


class Grid(NamedTuple):
    """The places that masks, moments and scores of a model have for its neurons.

    Attributes:
        present: the neurons that there are, boolean [layers, neurons]: of a layer that has fewer
            than the widest, or than whole experts, the first ones.
        experts: places for experts in a layer; 0 without mixtures.
    """

    present: np.ndarray
    experts: int

    @property
    def neurons(self) -> int:
        """Places in a layer."""
        return self.present.shape[1]

    def placed(self, values: np.ndarray) -> np.ndarray:
        """A layer's values in its places, NaN in those without a neuron.

        Args:
            values: float64 [neurons that the layer has].
        """
        return np.pad(values, (0, self.neurons - len(values)), constant_values=np.nan)


def grid_of(sites: Sequence[NeuronSite]) -> Grid:
    """The grid of a model, from its sites in the order of the layers."""
    widths = np.array([site.neurons for site in sites])
    width = expert_width(sites)
    experts = -(-widths.max() // width) if width else 0
    places = np.arange(experts * width or widths.max())
    return Grid(places < widths[:, None], int(experts))


def masked_sites(model: PreTrainedModel, mask: np.ndarray) -> list[tuple[NeuronSite, np.ndarray]]:
    """The sites that have neurons in a mask, each with its row of it, boolean [its neurons].

    Args:
        mask: boolean [layers, neurons].

    Raises:
        ValueError: the mask does not have the model's shape, or has neurons that a layer lacks.
    """
    sites = ffn_sites(model)
    present = grid_of(sites).present
    if mask.shape != present.shape:
        raise ValueError(f"a mask of shape {mask.shape} for a model of {present.shape} neurons")
    if (mask & ~present).any():
        raise ValueError(f"a mask of {(mask & ~present).sum()} neurons that the layers lack")
    rows = ((site, row[: site.neurons]) for site, row in zip(sites, mask, strict=True))
    return [(site, row) for site, row in rows if row.any()]


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
        return mixture_site(model, index, parts)
    if site := ffn_site(model, index, parts):
        return site
    tree = ", ".join(name for name, _ in layer.named_modules() if name)
    raise UnsupportedArchitectureError(
        f"{type(model).__name__}: layer {index} has no FFN of a known family ({known_families()}), "
        f"so its neurons are not defined. Modules: {tree}"
    )


def _ffn_parts(layer: nn.Module) -> dict[str, nn.Module]:
    parts = dict(layer.named_children())
    found = [parts[name] for name in FFN_NAMES if name in parts]
    return dict(found[0].named_children()) if len(found) == 1 else {}
