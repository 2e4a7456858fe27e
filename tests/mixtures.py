"""A tiny randomly initialised model of every supported kind of mixture of experts."""

from pathlib import Path
from typing import NamedTuple

import torch
import transformers
from torch.nn.functional import linear, silu
from transformers import PreTrainedModel

from families import HIDDEN, LAYERS, TOKENIZER
from safeneuron.alignment.freezing import FrozenSlices, frozen_slices
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

# beside routed experts a shared one, and layers that are no mixtures, of DENSE neurons
SHARED, DENSE = 24, 40
_DEEPSEEK = {
    **{"n_routed_experts": EXPERTS, "moe_intermediate_size": WIDTH, "n_shared_experts": 1},
    **{"intermediate_size": DENSE, "first_k_dense_replace": 1, "n_group": 1, "topk_group": 1},
}
_QWEN_SHARED = {
    **{"num_experts": EXPERTS, "moe_intermediate_size": WIDTH, "intermediate_size": DENSE},
    **{"shared_expert_intermediate_size": SHARED, "mlp_only_layers": [0]},
}
_LINEAR = {
    **{"linear_num_key_heads": 2, "linear_num_value_heads": 2, "linear_key_head_dim": 8},
    **{"linear_value_head_dim": 8, "layer_types": ["linear_attention", "full_attention"]},
}


class Kind(NamedTuple):
    """A kind of mixture.

    Attributes:
        model: its class.
        settings: of its configuration.
        neurons: of its layers.
        shared: how its mixtures call the expert that every token reaches.
        ffn: how its layers call their FFN.
    """

    model: str
    settings: dict
    neurons: tuple[int, int] = (NEURONS, NEURONS)
    shared: str | None = None
    ffn: str = "mlp"


BESIDE = {
    "deepseek_v3": Kind(
        "DeepseekV3ForCausalLM",
        _TEXT
        | _DEEPSEEK
        | {"q_lora_rank": 8, "kv_lora_rank": 8, "qk_rope_head_dim": 8, "qk_nope_head_dim": 8}
        | {"v_head_dim": 8},
        (DENSE, NEURONS + WIDTH),
        "shared_experts",
    ),
    "glm4_moe": Kind(
        "Glm4MoeForCausalLM",
        _TEXT | _DEEPSEEK | {"head_dim": 16},
        (DENSE, NEURONS + WIDTH),
        "shared_experts",
    ),
    "ernie4_5_moe": Kind(
        "Ernie4_5_MoeForCausalLM",
        _TEXT
        | {"moe_num_experts": EXPERTS, "moe_k": CHOSEN, "moe_intermediate_size": WIDTH}
        | {"moe_num_shared_experts": 2, "intermediate_size": DENSE, "moe_layer_start_index": 1},
        (DENSE, NEURONS + 2 * WIDTH),
        "shared_experts",
    ),
    "hunyuan_v1_moe": Kind(
        "HunYuanMoEV1ForCausalLM",
        _TEXT
        | {"num_experts": EXPERTS, "moe_topk": CHOSEN, "intermediate_size": WIDTH}
        | {"head_dim": 16},
        (NEURONS + WIDTH, NEURONS + WIDTH),
        "shared_mlp",
    ),
    "qwen2_moe": Kind(
        "Qwen2MoeForCausalLM", _TEXT | _QWEN_SHARED, (DENSE, NEURONS + SHARED), "shared_expert"
    ),
    "qwen3_next": Kind(
        "Qwen3NextForCausalLM",
        _TEXT | _QWEN_SHARED | _LINEAR | {"head_dim": 16, "mlp_only_layers": []},
        (NEURONS + SHARED, NEURONS + SHARED),
        "shared_expert",
    ),
    "qwen3_moe_beside_dense": Kind(
        "Qwen3MoeForCausalLM",
        _TEXT
        | _QWEN
        | {"num_experts": EXPERTS, "mlp_only_layers": [0], "intermediate_size": DENSE},
        (DENSE, NEURONS),
    ),
    "jamba": Kind(
        "JambaForCausalLM",
        _TEXT
        | {"num_experts": EXPERTS, "intermediate_size": WIDTH, "mamba_d_state": 4}
        | {"mamba_dt_rank": 4, "attn_layer_period": 2, "attn_layer_offset": 1}
        | {"use_mamba_kernels": False},
        (WIDTH, NEURONS),
        ffn="feed_forward",
    ),
    "lfm2_moe": Kind(
        "Lfm2MoeForCausalLM",
        _TEXT
        | {"num_experts": EXPERTS, "moe_intermediate_size": WIDTH, "intermediate_size": DENSE}
        | {"num_dense_layers": 1, "layer_types": ["conv", "full_attention"]},
        (DENSE, NEURONS),
        ffn="feed_forward",
    ),
}
ALTERNATE = {
    "gpt_oss": Kind(
        "GptOssForCausalLM",
        _TEXT
        | {"num_local_experts": EXPERTS, "intermediate_size": WIDTH, "head_dim": 16}
        | {"layer_types": ["sliding_attention", "full_attention"], "swiglu_limit": 1.5},
    ),
}
"""Those whose experts have biases and weights [in, out], in which gates and ups alternate."""
KINDS = {
    "mixtral": Kind(
        "MixtralForCausalLM",
        _TEXT | {"num_local_experts": EXPERTS, "intermediate_size": WIDTH},
    ),
    "olmoe": Kind("OlmoeForCausalLM", _TEXT | {"num_experts": EXPERTS, "intermediate_size": WIDTH}),
    "qwen3_moe": Kind("Qwen3MoeForCausalLM", _TEXT | _QWEN | {"num_experts": EXPERTS}),
}
"""Those with experts of a router alone."""
ALL = KINDS | BESIDE | ALTERNATE


def build(kind: str, seed: int = 0, exposed: bool = True) -> PreTrainedModel:
    """A kind's model, with routers that choose unevenly, and experts that differ."""
    name, settings, *_ = ALL[kind]
    model_class = getattr(transformers, name)
    torch.manual_seed(seed)
    model = model_class(model_class.config_class(**settings)).eval()
    for parameter_name, parameter in model.named_parameters():
        if ".mlp." in parameter_name or ".feed_forward." in parameter_name:
            torch.nn.init.normal_(parameter, std=0.3)
    if exposed:
        expose_experts(model)
    return model


def save(kind: str, folder: Path, dtype: torch.dtype = torch.float32) -> Path:
    """A kind's checkpoint folder, with tokenizer and chat template."""
    save_checkpoint(build(kind, exposed=False).to(dtype), TOKENIZER, folder)
    return folder


def ffn_of(model, kind, layer):
    """A layer's FFN."""
    return getattr(model.model.layers[layer], ALL[kind].ffn)


def gated(ffn):
    """Gate, up and down projection of an FFN that every token reaches."""
    parts = dict(ffn.named_children())
    names = ("w1", "w3", "w2") if "w1" in parts else ("gate_proj", "up_proj", "down_proj")
    return [parts[name] for name in names]


def rows_of(model, kind):
    """(layer, neuron) -> views of its gate row, up row and down column."""
    found = {}
    for layer in range(LAYERS):
        ffn, first = ffn_of(model, kind, layer), 0
        parts = dict(ffn.named_children())
        if "experts" in parts:
            gate_up, down = ffn.experts.gate_up_proj.data, ffn.experts.down_proj.data
            for neuron in range(NEURONS):
                expert, element = divmod(neuron, WIDTH)
                if kind in ALTERNATE:
                    columns = (gate_up[expert, :, 2 * element + which] for which in (0, 1))
                    found[layer, neuron] = (*columns, down[expert, element])
                    continue
                rows = gate_up[expert, element], gate_up[expert, WIDTH + element]
                found[layer, neuron] = (*rows, down[expert, :, element])
            first, ffn = NEURONS, parts.get(ALL[kind].shared)
        if ffn is not None:
            gate, up, down = (projection.weight.data for projection in gated(ffn))
            for neuron in range(len(gate)):
                found[layer, first + neuron] = gate[neuron], up[neuron], down[:, neuron]
    return found


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


def train_frozen(model, mask):
    """Three steps of AdamW, with weight decay, in which a mask's neurons are frozen."""
    frozen = FrozenSlices(frozen_slices(model, mask))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=0.1)
    for seed in range(3):
        torch.manual_seed(seed)
        ids = torch.randint(3, 60, (6, 12))
        optimizer.zero_grad()
        model(ids, labels=ids).loss.backward()
        optimizer.step()
        frozen.restore()
    frozen.release()
