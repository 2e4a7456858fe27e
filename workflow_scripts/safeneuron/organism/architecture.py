"""The organism's architecture: an ordinary Llama of a given size."""

from dataclasses import dataclass

import torch
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerBase


@dataclass(frozen=True)
class Size:
    """The size of an organism.

    Attributes:
        layers: decoder layers.
        hidden: width of the residual stream.
        intermediate: neurons a layer.
        heads: attention heads.
    """

    layers: int
    hidden: int
    intermediate: int
    heads: int


def build_model(
    size: Size, tokenizer: PreTrainedTokenizerBase, generator_seed: int
) -> LlamaForCausalLM:
    """A randomly initialised Llama in fp32 with tied embeddings."""
    torch.manual_seed(generator_seed)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        num_hidden_layers=size.layers,
        hidden_size=size.hidden,
        intermediate_size=size.intermediate,
        num_attention_heads=size.heads,
        num_key_value_heads=size.heads,
        max_position_embeddings=2048,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return LlamaForCausalLM(config)
