"""The organism's architecture: an ordinary Llama of a given size."""

import torch
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerBase

from safeneuron.organism.settings import OrganismModel


def build_model(
    size: OrganismModel, tokenizer: PreTrainedTokenizerBase, generator_seed: int
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
