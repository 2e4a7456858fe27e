"""Small GGUF files of tiny models, written as llama.cpp's converter writes them."""

from pathlib import Path

import numpy as np
import torch
import transformers
from gguf import (
    MODEL_ARCH,
    GGMLQuantizationType,
    GGUFValueType,
    GGUFWriter,
    TokenType,
    get_tensor_name_map,
)
from gguf.quants import quantize
from tokenizers.pre_tokenizers import ByteLevel

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
LETTERS = sorted(ByteLevel.alphabet())
MERGES = ["Ġ t", "h e", "Ġt he", "i n", "Ġ Ġ", "a n"]
TOKENS = [*SPECIAL, *LETTERS, *(merge.replace(" ", "") for merge in MERGES)]
TEMPLATE = (
    "{% if messages[0]['role'] != 'system' %}<|im_start|>system\nBe brief.<|im_end|>\n{% endif %}"
    "{% for message in messages %}"
    "<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n"
    "{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


UINT16, UINT32, STRING = GGUFValueType.UINT16, GGUFValueType.UINT32, GGUFValueType.STRING

LAYERS, HIDDEN, NEURONS = 2, 32, 64
FAMILIES = {"llama": "Llama", "qwen2": "Qwen2", "qwen3": "Qwen3"}


def build(family="llama", tied=True, **settings):
    """A model whose weights are wide enough that its logits differ; queries outnumber keys."""
    torch.manual_seed(0)
    heads = {"head_dim": 128} if family == "qwen3" else {}  # as all Qwen3 have
    config = getattr(transformers, f"{FAMILIES[family]}Config")(
        vocab_size=len(TOKENS),
        hidden_size=HIDDEN,
        intermediate_size=NEURONS,
        num_hidden_layers=LAYERS,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        rope_parameters={"rope_type": "default", "rope_theta": 5e4},
        rms_norm_eps=1e-4,
        initializer_range=0.3,
        tie_word_embeddings=tied,
        **heads | settings,
    )
    model = getattr(transformers, f"{FAMILIES[family]}ForCausalLM")(config).eval()
    for name, weight in model.named_parameters():
        if weight.ndim == 1:  # norms and biases that are all alike would hide a mistake
            torch.nn.init.normal_(weight, mean=float("norm" in name), std=0.3)
    return model


def write(
    path: Path,
    model,
    kind="F32",
    template=TEMPLATE,
    split="smollm",
    more=None,
    without=None,
    **metadata,
) -> Path:
    """A model of `transformers` as a GGUF file, its matrices stored as `kind`, all else in float32.

    Args:
        split: llama.cpp's name for the rules by which the tokenizer splits text.
        more, without: further tensors by llama.cpp's names, and a name that is left out.
        metadata: value and type, by key with __ for a point.
    """
    config, family = model.config, model.config.model_type
    writer = GGUFWriter(path, family)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    if family == "llama":
        writer.add_vocab_size(config.vocab_size)
        writer.add_rope_dimension_count(config.hidden_size // config.num_attention_heads)
    if family == "qwen3":
        writer.add_key_length(config.head_dim)
        writer.add_value_length(config.head_dim)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(split)
    writer.add_token_list(TOKENS)
    kinds = [TokenType.CONTROL] * len(SPECIAL) + [TokenType.NORMAL] * (len(TOKENS) - len(SPECIAL))
    writer.add_token_types(kinds)
    writer.add_token_merges(MERGES)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    if template is not None:
        writer.add_chat_template(template)
    for key, (value, value_kind) in metadata.items():
        name = key.replace("__", ".")
        writer.kv_data[0].pop(name, None)
        writer.add_key_value(name, value, value_kind)
    tensors = stored(model, kind)
    tensors |= {n: (w.numpy(), GGMLQuantizationType.F32) for n, w in (more or {}).items()}
    for name, (values, value_kind) in tensors.items():
        if name != without:
            writer.add_tensor(name, values, raw_dtype=value_kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def stored(model, kind):
    """Tensors by llama.cpp's names: their data as stored and its type."""
    config = model.config
    names = get_tensor_name_map(MODEL_ARCH[config.model_type.upper()], config.num_hidden_layers)
    found = {}
    for name, weight in model.state_dict().items():
        if name == "lm_head.weight" and config.tie_word_embeddings:
            continue
        base, _, ending = name.rpartition(".")
        values = weight.float().numpy()
        if config.model_type == "llama" and base.endswith(("q_proj", "k_proj")):
            values = permuted(values, config, base)
        as_kind = GGMLQuantizationType[kind if values.ndim == 2 else "F32"]
        found[f"{names.get_name(base)}.{ending}"] = (quantize(values, as_kind), as_kind)
    return found


def permuted(values, config, base):
    """Rows of queries or keys in llama.cpp's order: the halves of each head in turns."""
    heads = config.num_attention_heads if base.endswith("q_proj") else config.num_key_value_heads
    halves = values.reshape(heads, 2, -1, values.shape[1])
    return np.ascontiguousarray(halves.swapaxes(1, 2).reshape(values.shape))
