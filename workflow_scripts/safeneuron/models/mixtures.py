"""Which mixtures of experts are supported, and how a configuration says their sizes."""

from collections.abc import Callable, Mapping
from math import prod
from typing import Any, NamedTuple

Text = Mapping[str, Any]
"""The settings of a language model."""


def holds_all_experts(weight: str) -> bool:
    """Whether a weight's name is a loaded model's of all experts of a layer."""
    return weight.endswith(".experts.gate_up_proj")


def _every(text: Text, layer: int) -> bool:
    return True


def _but_some(text: Text, layer: int) -> bool:
    """Qwen's: some layers by number, or but every so many, have a plain FFN."""
    step = text.get("decoder_sparse_step") or 1
    return layer not in (text.get("mlp_only_layers") or ()) and (layer + 1) % step == 0


def _after(setting: str) -> Callable[[Text, int], bool]:
    return lambda text, layer: layer >= (text.get(setting) or 0)


def _between(text: Text, layer: int) -> bool:
    """ERNIE's: every so many layers from one to another."""
    last = text.get("moe_layer_end_index", -1)
    return (
        (layer + 1) % (text.get("moe_layer_interval") or 1) == 0
        and layer >= (text.get("moe_layer_start_index") or 0)
        and layer <= (text["num_hidden_layers"] - 1 if last == -1 else last)
    )


def _by_period(text: Text, layer: int) -> bool:
    """Jamba's."""
    return layer % text.get("expert_layer_period", 2) == text.get("expert_layer_offset", 1)


class Kind(NamedTuple):
    """How a type of model says the sizes of its mixtures.

    Attributes:
        width: the setting that says how many neurons an expert has.
        shared: settings whose product is how many neurons the shared expert has; none without one.
        mixed: whether a layer is a mixture; the others have a plain gated FFN.
        alternate: whether gates and ups alternate, in weights stored [in, out], with biases.
    """

    width: str = "moe_intermediate_size"
    shared: tuple[str, ...] = ()
    mixed: Callable[[Text, int], bool] = _every
    alternate: bool = False


_N_SHARED = ("n_shared_experts", "moe_intermediate_size")
_QWEN_SHARED = ("shared_expert_intermediate_size",)
MIXTURES = {
    "mixtral": Kind("intermediate_size"),
    "olmoe": Kind("intermediate_size"),
    "qwen3_moe": Kind(mixed=_but_some),
    "qwen2_moe": Kind(shared=_QWEN_SHARED, mixed=_but_some),
    "qwen3_next": Kind(shared=_QWEN_SHARED, mixed=_but_some),
    "deepseek_v3": Kind(shared=_N_SHARED, mixed=_after("first_k_dense_replace")),
    "glm4_moe": Kind(shared=_N_SHARED, mixed=_after("first_k_dense_replace")),
    "ernie4_5_moe": Kind(
        shared=("moe_num_shared_experts", "moe_intermediate_size"), mixed=_between
    ),
    "hunyuan_v1_moe": Kind("intermediate_size", shared=("intermediate_size",)),
    "jamba": Kind("intermediate_size", mixed=_by_period),
    "lfm2_moe": Kind(mixed=_after("num_dense_layers")),
    "gpt_oss": Kind("intermediate_size", alternate=True),
}
"""Type of a model -> how it says its sizes.

Mixtures of these are of gated FFNs, fused in two parameters of three dimensions, with a router
beside them, and a shared expert that every token reaches where the kind has one."""

# one type of model may write either
_EXPERTS = ("num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts")
_CHOSEN = ("num_experts_per_tok", "moe_k", "moe_topk")


class Mixture(NamedTuple):
    """The sizes of the mixtures of a model.

    Attributes:
        experts: routed experts of a mixture.
        width: neurons of an expert; neuron j of expert e is number e * width + j of its layer.
        chosen: routed experts that a token reaches.
        shared: neurons of the shared expert, which come after those of the routed ones.
        dense: neurons of a layer that is no mixture; 0 where all are.
        layers: how many layers are mixtures.
    """

    experts: int
    width: int
    chosen: int
    shared: int = 0
    dense: int = 0
    layers: int = 0

    @property
    def neurons(self) -> int:
        """Places for neurons in a layer: of the widest, in whole experts."""
        widest = max(self.experts * self.width + self.shared, self.dense)
        return -(-widest // self.width) * self.width

    @property
    def idle(self) -> int:
        """Neurons that a token passes by, in all layers."""
        return self.layers * (self.experts - self.chosen) * self.width


def mixture_of(text: Text) -> Mixture | None:
    """The sizes of the mixtures of a decoder's configuration; None of a dense or unsupported one.

    Args:
        text: the settings of the language model.
    """
    kind = MIXTURES.get(text.get("model_type", ""))
    if kind is None or unsupported(text):
        return None
    mixed = mixed_layers(text)
    if not mixed:
        return None
    return Mixture(
        _first(text, _EXPERTS),
        text[kind.width],
        _first(text, _CHOSEN),
        prod(text.get(name) or 0 for name in kind.shared) if kind.shared else 0,
        text["intermediate_size"] if len(mixed) < text["num_hidden_layers"] else 0,
        len(mixed),
    )


def mixed_layers(text: Text) -> list[int]:
    """The layers of a supported kind that are mixtures."""
    kind = MIXTURES[text["model_type"]]
    if kind.mixed is _by_period and _first(text, _EXPERTS) < 2:  # Jamba without experts
        return []
    return [layer for layer in range(text["num_hidden_layers"]) if kind.mixed(text, layer)]


def unsupported(text: Text) -> str | None:
    """What a decoder's configuration has of a mixture that is not supported; None if nothing.

    Args:
        text: the settings of the language model.
    """
    kind = text.get("model_type", "no model_type")
    if kind not in MIXTURES:
        experts = [f"{name} {text[name]}" for name in _EXPERTS if (text.get(name) or 0) > 1]
        return f"a mixture of experts ('{kind}', {', '.join(experts)})" if experts else None
    by_layer = [
        f"{name} {text[name]}"
        for name in (*_EXPERTS, *_CHOSEN)
        if isinstance(text.get(name), list) and len(set(text[name])) > 1
    ]
    if by_layer:
        return f"a mixture of experts ('{kind}') that differs by layer ({', '.join(by_layer)})"
    if quantized := text.get("quantization_config"):
        return (
            f"a mixture of experts ('{kind}') with quantized weights "
            f"({quantized.get('quant_method')}; save it in bfloat16, dequantized)"
        )
    missing = [name for name in (MIXTURES[kind].width, "num_hidden_layers") if not text.get(name)]
    for names in (_CHOSEN, _EXPERTS):
        if not _first(text, names):
            missing.append(" or ".join(names))
    if missing:
        return f"a mixture of experts ('{kind}') without {', '.join(missing)}"
    return None


def _first(text: Text, names: tuple[str, ...]) -> int:
    """The first of some settings that a configuration has; 0 if it has none.

    One that is said for each layer (Hunyuan's) is what all of them have.
    """
    said = next((text[name] for name in names if text.get(name)), 0)
    return said[0] if isinstance(said, list) else said
