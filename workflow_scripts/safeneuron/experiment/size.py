"""How large a model is, as far as memory and time depend on it."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safeneuron.errors import SafeNeuronError
from safeneuron.models.folder import weight_shapes
from safeneuron.models.gguf_header import read_header
from safeneuron.models.mixtures import mixture_of
from safeneuron.models.sizes import UnknownSizeError, decoder_sizes


@dataclass(frozen=True)
class ModelSize:
    """A decoder's size.

    Attributes:
        parameters: of the whole model, heads and towers included.
        layers: decoder layers.
        hidden: width of the residual stream.
        intermediate: neurons a layer, of all its experts if it has some.
        vocabulary: tokens.
        cache_width: elements of one token's keys and values in one layer.
        idle: neurons of experts that a token passes by, in all layers.
    """

    parameters: int
    layers: int
    hidden: int
    intermediate: int
    vocabulary: int
    cache_width: int
    idle: int = 0

    @property
    def computed(self) -> int:
        """Neurons a layer that a token computes, at most."""
        return self.intermediate - self.idle // self.layers

    @property
    def active(self) -> int:
        """Parameters that a token is multiplied with: not those of experts that it passes by."""
        return self.parameters - 3 * self.hidden * self.idle


def llama_size(
    layers: int, hidden: int, intermediate: int, vocabulary: int, tied: bool
) -> ModelSize:
    """A Llama whose heads all have their own keys and values."""
    layer = 4 * hidden**2 + 3 * hidden * intermediate + 2 * hidden
    embeddings = vocabulary * hidden * (1 if tied else 2)
    parameters = layers * layer + embeddings + hidden
    return ModelSize(parameters, layers, hidden, intermediate, vocabulary, 2 * hidden)


def folder_size(folder: Path) -> ModelSize:
    """The size of a checkpoint folder, from its `config.json` and its weights' headers.

    Reads kilobytes, whatever the size of the weights.

    Raises:
        SafeNeuronError: the configuration does not name its sizes as supported decoders do.
    """
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    text: Mapping[str, Any] = config.get("text_config", config)
    try:
        sizes = decoder_sizes(text)
    except UnknownSizeError as error:
        raise SafeNeuronError(
            f"{folder}: its config.json {error}; models are decoders of the families that "
            "config/README.md lists, such as Llama, Qwen or Gemma"
        ) from None
    mixture = mixture_of(text)
    head = text.get("head_dim") or sizes.hidden // sizes.heads
    return ModelSize(
        parameters=sum(map(math.prod, weight_shapes(folder).values())),
        layers=sizes.layers,
        hidden=sizes.hidden,
        intermediate=sizes.neurons,
        vocabulary=sizes.vocabulary,
        cache_width=2 * head * (text.get("num_key_value_heads") or sizes.heads),
        idle=mixture.idle if mixture else 0,
    )


def gguf_size(path: Path) -> ModelSize:
    """The size of a GGUF file's model, from the file's header.

    Raises:
        GgufError: it is no GGUF file, or truncated.
    """
    header = read_header(path)
    heads, hidden = header.of_model("attention.head_count"), header.of_model("embedding_length")
    head = header.of_model("attention.key_length") or hidden // heads
    return ModelSize(
        parameters=header.parameters,
        layers=header.of_model("block_count"),
        hidden=hidden,
        intermediate=header.of_model("feed_forward_length"),
        vocabulary=header.metadata["tokenizer.ggml.tokens"],
        cache_width=2 * head * header.of_model("attention.head_count_kv", heads),
    )


def typical_size(parameters: int) -> ModelSize:
    """A decoder of today's proportions with so many parameters, where only that number is known.

    Scaled from Llama-3.1-8B; layers x hidden, which activations grow with, is within 10 % for
    the models of the paper from 1.5 to 32 billion.
    """
    scale = (parameters / 8.03e9) ** (1 / 3)
    hidden = round(4096 * scale)
    return ModelSize(parameters, round(32 * scale), hidden, round(3.5 * hidden), 152_000, 2048)
