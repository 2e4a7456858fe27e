"""A tiny randomly initialised model of every supported kind of mixture of experts."""

from pathlib import Path

import torch
import transformers
from torch.nn.functional import linear, silu
from transformers import PreTrainedModel

from families import HIDDEN, LAYERS, TOKENIZER
from safeneuron.models.checkpoint import save_checkpoint
from safeneuron.models.experts import expose_experts

EXPERTS, WIDTH, CHOSEN = 8, 16, 2
NEURONS = EXPERTS * WIDTH

_TEXT = {
    "vocab_size": len(TOKENIZER),
    "hidden_size": HIDDEN,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "num_experts_per_tok": CHOSEN,
    "initializer_range": 0.3,
    "pad_token_id": TOKENIZER.pad_token_id,
    "bos_token_id": TOKENIZER.bos_token_id,
    "eos_token_id": TOKENIZER.eos_token_id,
}
_QWEN = {"moe_intermediate_size": WIDTH, "intermediate_size": 20, "head_dim": 16}
KINDS = {
    "mixtral": (
        "MixtralForCausalLM",
        _TEXT | {"num_local_experts": EXPERTS, "intermediate_size": WIDTH},
    ),
    "olmoe": ("OlmoeForCausalLM", _TEXT | {"num_experts": EXPERTS, "intermediate_size": WIDTH}),
    "qwen3_moe": ("Qwen3MoeForCausalLM", _TEXT | _QWEN | {"num_experts": EXPERTS}),
}


def build(kind: str, seed: int = 0, exposed: bool = True) -> PreTrainedModel:
    """A kind's model, with routers that choose unevenly, and experts that differ."""
    name, settings = KINDS[kind]
    model_class = getattr(transformers, name)
    torch.manual_seed(seed)
    model = model_class(model_class.config_class(**settings)).eval()
    for parameter_name, parameter in model.named_parameters():
        if ".mlp." in parameter_name:
            torch.nn.init.normal_(parameter, std=0.3)
    if exposed:
        expose_experts(model)
    return model


def save(kind: str, folder: Path, dtype: torch.dtype = torch.float32) -> Path:
    """A kind's checkpoint folder, with tokenizer and chat template."""
    save_checkpoint(build(kind, exposed=False).to(dtype), TOKENIZER, folder)
    return folder


class Recorded:
    """What goes into the experts of each layer, by hooks of its own: states and choices."""

    def __init__(self, model):
        self.states, self.chosen, self.hooks = [], [], []
        for layer in model.model.layers:
            self.hooks.append(layer.mlp.experts.register_forward_pre_hook(self._see))

    def _see(self, _, inputs):
        self.states.append(inputs[0].detach())
        self.chosen.append(inputs[1].detach())

    def remove(self):
        for hook in self.hooks:
            hook.remove()


def recomputed(model, layer, states, expert):
    """Activations of one expert for all tokens, [tokens, width]."""
    gate_up = model.model.layers[layer].mlp.experts.gate_up_proj[expert]
    gate, up = gate_up[:WIDTH], gate_up[WIDTH:]
    return (silu(linear(states, gate)) * linear(states, up)).detach()
