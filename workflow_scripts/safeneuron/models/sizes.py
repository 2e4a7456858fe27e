"""How the configuration of a decoder says its sizes, whatever it calls them."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from safeneuron.errors import SafeNeuronError
from safeneuron.models.mixtures import mixture_of

# the others are of GPT-2 and GPT-J, of GPT-Neo, of Falcon
_HIDDEN = ("hidden_size", "n_embd")
_LAYERS = ("num_hidden_layers", "n_layer", "num_layers")
_HEADS = ("num_attention_heads", "n_head", "num_heads")
_NEURONS = ("intermediate_size", "n_inner", "ffn_hidden_size")
_FOURFOLD = ("gpt2", "gpt_bigcode", "gpt_neo", "gptj")
"""Types of models that have four neurons a number of the stream, unless they say otherwise."""
_VOCABULARY = ("vocab_size",)
_TRANSPOSED = ("gpt2",)


class UnknownSizeError(SafeNeuronError):
    """A configuration does not say a size; names what it lacks."""


class DecoderSizes(NamedTuple):
    """Sizes of a decoder.

    Attributes:
        layers: their number.
        hidden: width of the residual stream.
        heads: of attention.
        neurons: of the widest layer, in whole experts if it has some.
        vocabulary: tokens.
        transposed: whether weights are [in, out].
    """

    layers: int
    hidden: int
    heads: int
    neurons: int
    vocabulary: int
    transposed: bool


def decoder_sizes(text: Mapping[str, Any]) -> DecoderSizes:
    """The sizes that a decoder's configuration says.

    Args:
        text: the settings of the language model.

    Raises:
        UnknownSizeError: it does not name one of them as supported decoders do.
    """
    kind = text.get("model_type", "no model_type")
    asked = (_HEADS, _HIDDEN, _LAYERS, _NEURONS, _VOCABULARY)
    named = {names[0]: _first(text, names) for names in asked}
    if kind in _FOURFOLD and not named["intermediate_size"] and named["hidden_size"]:
        named["intermediate_size"] = 4 * named["hidden_size"]
    if missing := [name for name, size in named.items() if not size]:
        raise UnknownSizeError(f"('{kind}') has no {', '.join(missing)}")
    mixture = mixture_of(text)
    return DecoderSizes(
        named["num_hidden_layers"],
        named["hidden_size"],
        named["num_attention_heads"],
        mixture.neurons if mixture else _widest(text, named["intermediate_size"]),
        named["vocab_size"],
        kind in _TRANSPOSED,
    )


def _widest(text: Mapping[str, Any], said: int | list[int]) -> int:
    """The neurons of the widest dense layer, from what a configuration says of them."""
    if isinstance(said, list):  # Gemma 3n says each layer's
        return max(said)
    if text.get("model_type") == "lfm2" and text.get("block_auto_adjust_ff_dim"):
        multiple: int = text["block_multiple_of"]
        adjusted = int((text.get("block_ffn_dim_multiplier") or 1) * int(2 * said / 3))
        return -(-adjusted // multiple) * multiple
    return said


def _first(text: Mapping[str, Any], names: tuple[str, ...]) -> int:
    return next((text[name] for name in names if text.get(name)), 0)
