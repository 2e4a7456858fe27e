"""Where the neurons are: one adapter from any gated-FFN transformer to its FFN sites.

Definition (paper §3.1, Eq. 3): neuron j of layer l is element j of the input of that layer's
`down_proj`, i.e. of the gated product. Scoring, freezing and attack all go through `ffn_sites`.
"""

from dataclasses import dataclass
from typing import TypeGuard

import numpy as np
from torch import nn
from transformers import PreTrainedModel

from safeneuron.errors import SafeNeuronError


class UnsupportedArchitectureError(SafeNeuronError):
    """The model is not a decoder of layers with gated FFNs that end in `down_proj`."""


@dataclass(frozen=True)
class FFNSite:
    """One layer's gated FFN.

    Attributes:
        layer: index of the decoder layer.
        down: the projection whose input elements are the neurons; weight [hidden, neurons].
        gate: the gate projection, weight [neurons, hidden], or the fused gate-and-up projection,
            weight [2 * neurons, hidden].
        up: the up projection, weight [neurons, hidden]; the same module as `gate` if fused.
    """

    layer: int
    down: nn.Linear
    gate: nn.Linear
    up: nn.Linear

    @property
    def neurons(self) -> int:
        """How many neurons the layer has."""
        return self.down.in_features

    @property
    def up_offset(self) -> int:
        """Row of `up.weight` that belongs to neuron 0: gate rows come first where fused."""
        return self.neurons if self.up is self.gate else 0


def decoder_layers(model: PreTrainedModel) -> nn.ModuleList:
    """The transformer layers of the (language) decoder.

    Raises:
        UnsupportedArchitectureError: the decoder has no `layers`; the message shows its children.
    """
    decoder = model.get_decoder()
    layers = getattr(decoder, "layers", None)
    if not isinstance(layers, nn.ModuleList):
        raise UnsupportedArchitectureError(
            f"{type(model).__name__}: its decoder {type(decoder).__name__} has no 'layers'; "
            f"it has {[name for name, _ in decoder.named_children()]}"
        )
    return layers


def ffn_sites(model: PreTrainedModel) -> list[FFNSite]:
    """The FFN sites of all layers, in order.

    Raises:
        UnsupportedArchitectureError: a layer's MLP is not a gated FFN (mixture of experts, or no
            gate), the message shows the module tree of that layer; or layers differ in width.
    """
    sites = [_site(model, i, layer) for i, layer in enumerate(decoder_layers(model))]
    widths = sorted({site.neurons for site in sites})
    if len(widths) != 1:
        raise UnsupportedArchitectureError(
            f"{type(model).__name__}: its layers have {widths} neurons; they must have as many each"
        )
    return sites


def masked_sites(model: PreTrainedModel, mask: np.ndarray) -> list[tuple[FFNSite, np.ndarray]]:
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


def _site(model: PreTrainedModel, index: int, layer: nn.Module) -> FFNSite:
    mlp = dict(layer.named_children()).get("mlp", layer)
    parts = dict(mlp.named_children())
    fused = parts.get("gate_up_proj")
    down, gate, up = parts.get("down_proj"), parts.get("gate_proj"), parts.get("up_proj")
    if fused is not None:
        gate = up = fused
    if not (_is_linear(down) and _is_linear(gate) and _is_linear(up)):
        tree = ", ".join(name for name, _ in layer.named_modules() if name)
        raise UnsupportedArchitectureError(
            f"{type(model).__name__}: layer {index} has no gated FFN (down_proj with gate_proj and "
            f"up_proj, or with a fused gate_up_proj), so its neurons are not defined; "
            f"mixture-of-experts and non-gated models are not supported. Modules: {tree}"
        )
    return FFNSite(index, down, gate, up)


def _is_linear(module: nn.Module | None) -> TypeGuard[nn.Linear]:
    """Whether a module is a linear layer, or one that an adapter (LoRA) is wrapped around."""
    if module is None:
        return False
    return isinstance(dict(module.named_children()).get("base_layer", module), nn.Linear)
