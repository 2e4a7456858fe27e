"""A tiny randomly initialised model of every supported family, as `save_pretrained` writes it."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch
import transformers
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from safeneuron.models.checkpoint import save_checkpoint
from safeneuron.models.positions import count_positions
from safeneuron.organism.tokenizer import build_tokenizer

LAYERS, HIDDEN, NEURONS = 2, 32, 48
TOKENIZER = build_tokenizer()
# by the weights' names, those of vision towers left out
INWARD = (
    "gate_proj",
    "up_proj",
    "gate_up_proj",
    "c_fc",
    "dense_h_to_4h",
    "fc1",
    "fc_in",
    "w1",
    "w3",
)
OUTWARD = ("down_proj", "c_proj", "dense_4h_to_h", "fc2", "fc_out", "w2")
_NAMES = "|".join(INWARD + OUTWARD)
FFN_WEIGHT = re.compile(
    rf"^(?!.*vis).*(?:layers|h)\.(\d)\.(?:mlp|feed_forward)\.({_NAMES})\.weight$"
)

_TEXT = {
    "vocab_size": len(TOKENIZER),
    "hidden_size": HIDDEN,
    "intermediate_size": NEURONS,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "initializer_range": 0.3,
    "pad_token_id": TOKENIZER.pad_token_id,
    "bos_token_id": TOKENIZER.bos_token_id,
    "eos_token_id": TOKENIZER.eos_token_id,
}
_TOKENS = {
    name: _TEXT[name]
    for name in ("vocab_size", "initializer_range", "pad_token_id", "bos_token_id", "eos_token_id")
}
_GPT = _TOKENS | {
    **{"n_embd": HIDDEN, "n_inner": NEURONS, "n_layer": LAYERS, "n_head": 2},
    "n_positions": 512,
}
_HEADS = {"head_dim": 16}
_MROPE = {
    "rope_parameters": {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [2, 3, 3]}
}
_IMAGES = {
    name: TOKENIZER.convert_tokens_to_ids(f"<0x{byte}>")
    for name, byte in {
        "image_token_id": "F8",
        "video_token_id": "F9",
        "vision_start_token_id": "FA",
        "vision_end_token_id": "FB",
    }.items()
}
# Qwen's own, beside the words of the organism
_QWEN_TOKENS = {
    "image_token_id": "<|image_pad|>",
    "video_token_id": "<|video_pad|>",
    "vision_start_token_id": "<|vision_start|>",
    "vision_end_token_id": "<|vision_end|>",
}
_TEMPLATE_OF_PARTS = (
    "{{ bos_token }}"
    "{% for message in messages %}<{{ message['role'] }}>"
    "{% if message['content'] is string %}{{ message['content'] }}"
    "{% else %}{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<|vision_start|><|image_pad|><|vision_end|>"
    "{% else %}{{ part['text'] }}{% endif %}"
    "{% endfor %}{% endif %}"
    "{% if message['role'] == 'assistant' %}{{ eos_token }}{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)


def _qwen_tokenizer() -> transformers.PreTrainedTokenizerFast:
    tokenizer = build_tokenizer()
    tokenizer.add_special_tokens({"additional_special_tokens": [*_QWEN_TOKENS.values()]})
    tokenizer.chat_template = _TEMPLATE_OF_PARTS
    return tokenizer


QWEN_TOKENIZER = _qwen_tokenizer()
_QWEN_IMAGES = {
    name: QWEN_TOKENIZER.convert_tokens_to_ids(token) for name, token in _QWEN_TOKENS.items()
}
_QWEN_TEXT = {"vocab_size": len(QWEN_TOKENIZER), **_MROPE}
QWEN_PROCESSOR = Qwen2VLImageProcessorPil(
    size={"shortest_edge": 28 * 28, "longest_edge": 28 * 28 * 16}
)
"""Images of 1 to 16 tokens: 28 pixels square each."""
_CLIP = {
    "model_type": "clip_vision_model",
    **{"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 1},
    **{"num_attention_heads": 2, "image_size": 8, "patch_size": 4, "projection_dim": 16},
}
_SIGLIP = {
    **{"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 1},
    **{"num_attention_heads": 2, "image_size": 8, "patch_size": 4},
}


class Family(NamedTuple):
    """A family's model class, the settings of its config class, its activation function, the
    projections that neurons are computed by, and whether it is saved with tokenizer and image
    processor of Qwen's kind.
    """

    model: str
    settings: dict
    activation: Callable[[torch.Tensor], torch.Tensor] = torch.nn.SiLU()
    inward: tuple[str, ...] = ("gate_proj", "up_proj")
    sees: bool = False

    @property
    def numbers(self) -> int:
        """How many rows a neuron has in the projections inward."""
        return 1 if self.inward in UNGATED else 2


UNGATED = (("up_proj",), ("c_fc",), ("dense_h_to_4h",), ("fc1",), ("fc_in",))
_GELU, _TANH = torch.nn.GELU(), torch.nn.GELU("tanh")


def _relu_squared(x: torch.Tensor) -> torch.Tensor:
    return torch.relu(x).square()


def _xielu(x: torch.Tensor) -> torch.Tensor:
    """The activation of Apertus with the parameters that it begins with (arXiv 2411.13010)."""
    alpha, beta = 0.8, 0.5  # on both sides
    negative = (torch.expm1(torch.clamp(x, max=-1e-6)) - x) * alpha + beta * x
    return torch.where(x > 0, alpha * x * x + beta * x, negative)


FAMILIES = {
    "llama": Family("LlamaForCausalLM", _TEXT),
    "mistral": Family("MistralForCausalLM", _TEXT),
    "qwen2": Family("Qwen2ForCausalLM", _TEXT),
    "qwen3": Family("Qwen3ForCausalLM", _TEXT | _HEADS),
    "gemma": Family("GemmaForCausalLM", _TEXT | _HEADS, _TANH),
    "gemma2": Family("Gemma2ForCausalLM", _TEXT | _HEADS, _TANH),
    "gemma3": Family("Gemma3ForCausalLM", _TEXT | _HEADS, _TANH),
    # Phi-4 is of this class too
    "phi3": Family("Phi3ForCausalLM", _TEXT, inward=("gate_up_proj",)),
    "falcon_h1": Family(
        "FalconH1ForCausalLM",
        _TEXT
        | {
            "mamba_d_ssm": 32,
            "mamba_n_heads": 4,
            "mamba_d_head": 8,
            "mamba_d_state": 8,
            "mamba_chunk_size": 8,
            "mamba_n_groups": 1,
        },
    ),
    "lfm2": Family(
        "Lfm2ForCausalLM",
        _TEXT | {"layer_types": ["conv", "full_attention"], "block_auto_adjust_ff_dim": False},
        inward=("w1", "w3"),
    ),
    "bamba": Family(
        "BambaForCausalLM",
        _TEXT
        | {
            **{"attn_layer_indices": [1], "mamba_n_heads": 4, "mamba_d_head": 16},
            **{"mamba_d_state": 8, "mamba_chunk_size": 8},
        },
    ),
    "jamba": Family(
        "JambaForCausalLM",
        _TEXT
        | {
            **{"num_experts": 1, "mamba_d_state": 4, "mamba_dt_rank": 4},
            **{"attn_layer_period": 2, "attn_layer_offset": 1},
        },
    ),
    "qwen3_5": Family(
        "Qwen3_5ForCausalLM",
        _TEXT
        | _HEADS
        | {
            **{"linear_num_key_heads": 2, "linear_num_value_heads": 2},
            **{"linear_key_head_dim": 8, "linear_value_head_dim": 8},
            "layer_types": ["linear_attention", "full_attention"],
        },
    ),
    "gemma3n": Family(
        "Gemma3nForCausalLM",
        _TEXT
        | _HEADS
        | {
            **{"vocab_size_per_layer_input": len(TOKENIZER), "hidden_size_per_layer_input": 8},
            **{"laurel_rank": 4, "num_kv_shared_layers": 0, "altup_num_inputs": 2},
            "layer_types": ["sliding_attention", "full_attention"],
            "activation_sparsity_pattern": [0.5, 0.5],
        },
        lambda gates: _TANH(torch.relu(gates - gates.mean(dim=-1, keepdim=True))),
    ),
    "gpt2": Family("GPT2LMHeadModel", _GPT, _TANH, ("c_fc",)),
    "gpt_bigcode": Family("GPTBigCodeForCausalLM", _GPT, _TANH, ("c_fc",)),  # Starcoder
    "gptj": Family("GPTJForCausalLM", _GPT | {"rotary_dim": 8}, _TANH, ("fc_in",)),
    "gpt_neo": Family(
        "GPTNeoForCausalLM",
        _TOKENS
        | {
            **{"hidden_size": HIDDEN, "intermediate_size": NEURONS, "num_layers": LAYERS},
            **{"num_heads": 2, "attention_types": [[["global", "local"], 1]]},
        },
        _TANH,
        ("c_fc",),
    ),
    "falcon": Family(
        "FalconForCausalLM",
        _TEXT | {"ffn_hidden_size": NEURONS, "bias": True},
        _GELU,
        ("dense_h_to_4h",),
    ),
    "nemotron": Family("NemotronForCausalLM", _TEXT, _relu_squared, ("up_proj",)),
    "arcee": Family("ArceeForCausalLM", _TEXT, _relu_squared, ("up_proj",)),
    "apertus": Family("ApertusForCausalLM", _TEXT, _xielu, ("up_proj",)),
    "starcoder2": Family("Starcoder2ForCausalLM", _TEXT, _TANH, ("c_fc",)),
    "gpt_neox": Family("GPTNeoXForCausalLM", _TEXT, _GELU, ("dense_h_to_4h",)),  # Pythia
    "persimmon": Family("PersimmonForCausalLM", _TEXT, _relu_squared, ("dense_h_to_4h",)),
    "phi": Family("PhiForCausalLM", _TEXT, _TANH, ("fc1",)),  # Phi-1, Phi-2
    "qwen2_vl": Family(
        "Qwen2VLForConditionalGeneration",
        {
            "text_config": _TEXT | _QWEN_TEXT,
            "vision_config": {"depth": 1, "embed_dim": 16, "hidden_size": HIDDEN, "num_heads": 2},
            **_QWEN_IMAGES,
        },
        sees=True,
    ),
    "qwen2_5_vl": Family(
        "Qwen2_5_VLForConditionalGeneration",
        {
            "text_config": _TEXT | _QWEN_TEXT,
            "vision_config": {
                **{"depth": 1, "hidden_size": 16, "intermediate_size": 24, "num_heads": 2},
                "out_hidden_size": HIDDEN,
            },
            **_QWEN_IMAGES,
        },
        sees=True,
    ),
    "llava": Family(
        "LlavaForConditionalGeneration",
        {
            "text_config": {"model_type": "llama", **_TEXT},
            "vision_config": _CLIP,
            "image_token_index": _IMAGES["image_token_id"],
        },
    ),
    "gemma3_vl": Family(
        "Gemma3ForConditionalGeneration",
        {
            "text_config": _TEXT | _HEADS,
            "vision_config": _SIGLIP,
            "mm_tokens_per_image": 4,
            "image_token_index": _IMAGES["image_token_id"],
            "boi_token_index": _IMAGES["vision_start_token_id"],
            "eoi_token_index": _IMAGES["vision_end_token_id"],
        },
        activation=_TANH,
    ),
}
# Gemma 3n's layers are given several streams at once
OF_ONE_STREAM = [name for name in FAMILIES if name != "gemma3n"]


def build(name: str, seed: int = 0) -> transformers.PreTrainedModel:
    """A family's model, with weights wide enough that its neurons and logits differ."""
    model_class = getattr(transformers, FAMILIES[name].model)
    torch.manual_seed(seed)
    model = model_class(model_class.config_class(**FAMILIES[name].settings)).eval()
    for parameter_name, parameter in model.named_parameters():
        if ".mlp." in parameter_name and parameter_name.endswith(".bias"):
            torch.nn.init.normal_(parameter, std=0.1)  # they begin at zero
    count_positions(model)
    return model


def by_rows(family: str, weight: torch.Tensor) -> torch.Tensor:
    """An FFN's weight, [out, in]: GPT-2's are stored [in, out]."""
    return weight.T if family == "gpt2" else weight


def save(name: str, folder: Path, dtype: torch.dtype = torch.float32) -> Path:
    """A family's checkpoint folder, with tokenizer, chat template and image processor."""
    sees = FAMILIES[name].sees
    save_checkpoint(build(name).to(dtype), QWEN_TOKENIZER if sees else TOKENIZER, folder)
    if sees:
        QWEN_PROCESSOR.save_pretrained(folder)
    return folder
