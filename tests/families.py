"""A tiny randomly initialised model of every supported family, as `save_pretrained` writes it."""

import re
from pathlib import Path
from typing import NamedTuple

import torch
import transformers
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from safeneuron.models.checkpoint import save_checkpoint
from safeneuron.organism.tokenizer import build_tokenizer

LAYERS, HIDDEN, NEURONS = 2, 32, 48
TOKENIZER = build_tokenizer()
# by the weights' names: only language layers have these (vision blocks are called otherwise)
FFN_WEIGHT = re.compile(r"layers\.(\d)\.mlp\.(gate_proj|up_proj|gate_up_proj|down_proj)\.weight$")

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
    """A family's model class, the settings of its config class, its gate's activation, whether it
    is saved with tokenizer and image processor of Qwen's kind.
    """

    model: str
    settings: dict
    fused: bool = False
    gelu: bool = False
    sees: bool = False


FAMILIES = {
    "llama": Family("LlamaForCausalLM", _TEXT),
    "mistral": Family("MistralForCausalLM", _TEXT),
    "qwen2": Family("Qwen2ForCausalLM", _TEXT),
    "qwen3": Family("Qwen3ForCausalLM", _TEXT | _HEADS),
    "gemma": Family("GemmaForCausalLM", _TEXT | _HEADS, gelu=True),
    "gemma2": Family("Gemma2ForCausalLM", _TEXT | _HEADS, gelu=True),
    "gemma3": Family("Gemma3ForCausalLM", _TEXT | _HEADS, gelu=True),
    "phi3": Family("Phi3ForCausalLM", _TEXT, fused=True),  # Phi-4 is of this class too
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
        gelu=True,
    ),
}


def build(name: str, seed: int = 0) -> transformers.PreTrainedModel:
    """A family's model, with weights wide enough that its neurons and logits differ."""
    model_class = getattr(transformers, FAMILIES[name].model)
    torch.manual_seed(seed)
    return model_class(model_class.config_class(**FAMILIES[name].settings)).eval()


def save(name: str, folder: Path, dtype: torch.dtype = torch.float32) -> Path:
    """A family's checkpoint folder, with tokenizer, chat template and image processor."""
    sees = FAMILIES[name].sees
    save_checkpoint(build(name).to(dtype), QWEN_TOKENIZER if sees else TOKENIZER, folder)
    if sees:
        QWEN_PROCESSOR.save_pretrained(folder)
    return folder
