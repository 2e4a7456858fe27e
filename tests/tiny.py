"""Tiny randomly initialised models of real architectures, and token prompts for them."""

import numpy as np
import torch
from transformers import (
    Gemma2Config,
    Gemma2ForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    Phi3Config,
    Phi3ForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
)

LAYERS, HIDDEN, NEURONS, VOCABULARY = 2, 32, 48, 64
PAD = 0

# of one prompt's activations, [tokens, neurons]
NUMPY_POOLINGS = {
    "max": lambda a: a.max(axis=0),
    "last": lambda a: a[-1],
    "mean": lambda a: a.mean(axis=0),
    "maxabs": lambda a: abs(a).max(axis=0),
    "lastabs": lambda a: abs(a[-1]),
    "meanabs": lambda a: abs(a).mean(axis=0),
}

_CLASSES = {
    "llama": (LlamaConfig, LlamaForCausalLM),
    "qwen2": (Qwen2Config, Qwen2ForCausalLM),
    "phi3": (Phi3Config, Phi3ForCausalLM),
    "gemma2": (Gemma2Config, Gemma2ForCausalLM),
}
FAMILIES = tuple(_CLASSES)


def build(family="llama", seed=0, vocabulary=VOCABULARY, layers=LAYERS, **settings):
    """A model with weights wide enough that its neurons and logits differ, as after training."""
    config_class, model_class = _CLASSES[family]
    if family == "gemma2":
        settings = {"head_dim": 16, **settings}
    torch.manual_seed(seed)
    config = config_class(
        vocab_size=vocabulary,
        hidden_size=HIDDEN,
        intermediate_size=NEURONS,
        num_hidden_layers=layers,
        num_attention_heads=2,
        num_key_value_heads=2,
        initializer_range=0.3,
        pad_token_id=PAD,
        bos_token_id=1,
        eos_token_id=2,
        **settings,
    )
    return model_class(config).eval()


def token_prompts(count, seed=0, longest=9):
    """Prompts of 1 to `longest` random token ids."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, longest + 1, size=count)
    return [rng.integers(3, VOCABULARY, size=length).tolist() for length in lengths]


def random_mask(seed=0, share=0.3):
    """A random set of neurons with some in every layer."""
    mask = np.random.default_rng(seed).random((LAYERS, NEURONS)) < share
    mask[:, 0] = True
    return mask


@torch.inference_mode()
def logits(model, prompts):
    """The model's logits, prompt by prompt, without padding."""
    return [model(input_ids=torch.tensor([ids])).logits for ids in prompts]


@torch.inference_mode()
def recorded_activations(model, prompts, projections=None):
    """Activations [tokens, neurons] of every layer, for one prompt after the other.

    By hooks of its own, so that what the library records can be held against it. The down
    projections are named where a model has them elsewhere than Llama.
    """
    recorded = []
    hooks = [
        module.register_forward_hook(
            lambda module, inputs, output: recorded[-1].append(inputs[0][0].double().numpy())
        )
        for module in projections or [layer.mlp.down_proj for layer in model.model.layers]
    ]
    for ids in prompts:
        recorded.append([])
        model(input_ids=torch.tensor([ids]))
    for hook in hooks:
        hook.remove()
    return recorded
