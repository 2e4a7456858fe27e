"""Which mixtures of experts are supported, and how a configuration says their sizes."""

from collections.abc import Mapping
from typing import Any, NamedTuple

MIXTURES = {
    "mixtral": "intermediate_size",
    "olmoe": "intermediate_size",
    "qwen3_moe": "moe_intermediate_size",
}
"""Type of a model -> the setting that says how many neurons an expert has.

All layers of these are mixtures of gated FFNs without biases, fused in two parameters of three
dimensions, and a router beside them."""

_EXPERTS = ("num_local_experts", "num_experts")  # one type of model may write either
_OTHERS_EXPERTS = ("n_routed_experts", "moe_num_experts")
_CHOSEN = "num_experts_per_tok"
_DENSE_LAYERS = ("mlp_only_layers", "first_k_dense_replace")


class Mixture(NamedTuple):
    """The sizes of a mixture.

    Attributes:
        experts: number of experts a layer.
        width: neurons of an expert; neuron j of expert e is number e * width + j of its layer.
        chosen: experts that a token reaches.
    """

    experts: int
    width: int
    chosen: int


def mixture_of(text: Mapping[str, Any]) -> Mixture | None:
    """The sizes of the mixtures of a decoder's configuration; None of a dense or unsupported one.

    Args:
        text: the settings of the language model.
    """
    kind = text.get("model_type", "")
    if kind not in MIXTURES or unsupported(text):
        return None
    return Mixture(_first(text, _EXPERTS), text[MIXTURES[kind]], text[_CHOSEN])


def unsupported(text: Mapping[str, Any]) -> str | None:
    """What a decoder's configuration has of a mixture that is not supported; None if nothing.

    Args:
        text: the settings of the language model.
    """
    kind = text.get("model_type", "no model_type")
    if kind not in MIXTURES:
        experts = [
            f"{name} {text[name]}"
            for name in (*_EXPERTS, *_OTHERS_EXPERTS)
            if (text.get(name) or 0) > 1
        ]
        return f"a mixture of experts ('{kind}', {', '.join(experts)})" if experts else None
    missing = [name for name in (MIXTURES[kind], _CHOSEN) if not text.get(name)]
    if not _first(text, _EXPERTS):
        missing.append(" or ".join(_EXPERTS))
    if missing:
        return f"a mixture of experts ('{kind}') without {', '.join(missing)}"
    dense = [f"{name} {text[name]}" for name in _DENSE_LAYERS if text.get(name)]
    if (step := text.get("decoder_sparse_step") or 1) != 1:
        dense.append(f"decoder_sparse_step {step}")
    if dense:
        return f"a mixture of experts ('{kind}') with dense layers beside ({', '.join(dense)})"
    return None


def _first(text: Mapping[str, Any], names: tuple[str, ...]) -> int:
    """The first of some settings that a configuration has; 0 if it has none."""
    return next((text[name] for name in names if text.get(name)), 0)
