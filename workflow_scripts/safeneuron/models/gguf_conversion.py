"""From a GGUF file to an ordinary checkpoint folder, through transformers' own loader."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from tokenizers import pre_tokenizers
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    GgufConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.integrations.gguf.gguf_tokenizer_mapping import GGUF_PRE_TOKENIZER_SPLITS

from safeneuron.artifacts.files import sha256
from safeneuron.models.checkpoint import save_checkpoint
from safeneuron.models.gguf_header import USE_ANOTHER, GgufError, GgufHeader, check_gguf

# how byte-level vocabularies split text where the loader does not know it by the file's name for it
_GPT2 = pre_tokenizers.ByteLevel(add_prefix_space=False)
_SPLITS = {
    "gpt-2": _GPT2,
    "smollm": pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), _GPT2]),
}


def convert_gguf(path: Path, folder: Path, dtype: str) -> dict[str, Any]:
    """Write a GGUF file's model as a checkpoint folder, with its tokenizer and chat template.

    Quantized weights become the numbers that they stand for, rounded once to `dtype`.

    Returns:
        What a manifest reports: the file's name and SHA-256, its family, how it is quantized
        (the type of most parameters) and how many parameters are stored in each type.

    Raises:
        GgufError: the file is damaged, or the loader would read it as another model.
    """
    header = check_gguf(path)
    # alone in a folder: the loader looks for configurations beside the file
    with TemporaryDirectory() as alone:
        (Path(alone) / "model.gguf").symlink_to(path.resolve())
        tokenizer = _tokenizer(header, alone)
        model = _model(header, alone, dtype)
    ends = {header.metadata.get(f"tokenizer.ggml.{name}_token_id") for name in ("eos", "eot")}
    model.generation_config.eos_token_id = sorted(ends - {None}) or None
    save_checkpoint(model, tokenizer, folder)
    return {
        "file": path.name,
        "sha256": sha256(path),
        "architecture": header.architecture,
        "quantization": header.quantization,
        "stored": header.stored,
    }


def _tokenizer(header: GgufHeader, folder: str) -> PreTrainedTokenizerBase:
    """The file's tokenizer, splitting text as its vocabulary was made for.

    Raises:
        GgufError: it is not known how: the loader would split as GPT-2 does, whatever it is.
    """
    kind = header.metadata.get("tokenizer.ggml.model")
    split = header.metadata.get("tokenizer.ggml.pre")
    if kind == "gpt2" and split not in (*GGUF_PRE_TOKENIZER_SPLITS, *_SPLITS):
        raise GgufError(
            f"{header.path}: its tokenizer splits text as '{split}' (tokenizer.ggml.pre); known "
            f"are {', '.join(sorted([*GGUF_PRE_TOKENIZER_SPLITS, *_SPLITS]))}. {USE_ANOTHER}"
        )
    if kind not in ("gpt2", "llama"):
        raise GgufError(
            f"{header.path}: its tokenizer is of kind '{kind}' (tokenizer.ggml.model); allowed are "
            f"gpt2 and llama. {USE_ANOTHER}"
        )
    tokenizer = AutoTokenizer.from_pretrained(
        folder, gguf_file="model.gguf", local_files_only=True, trust_remote_code=False
    )
    tokenizer.model_max_length = header.of_model("context_length")
    if kind == "gpt2" and split in _SPLITS:
        tokenizer.backend_tokenizer.pre_tokenizer = _SPLITS[split]
    return tokenizer


def _model(header: GgufHeader, folder: str, dtype: str) -> PreTrainedModel:
    """The file's model with plain weights, which can be saved.

    Raises:
        GgufError: the loader left weights out, or did not find all that it needs as it needs it.
    """
    model, loading = AutoModelForCausalLM.from_pretrained(
        folder,
        gguf_file="model.gguf",
        dtype=getattr(torch, dtype),
        local_files_only=True,
        trust_remote_code=False,
        quantization_config=GgufConfig(dequantize=True),
        ignore_mismatched_sizes=True,  # they are told below
        output_loading_info=True,
    )
    parameters = sum(p.numel() for p in model.parameters())
    wrong = sorted(loading["missing_keys"])
    wrong += sorted(f"{name} of shape {[*given]}" for name, given, _ in loading["mismatched_keys"])
    if wrong or parameters != header.parameters:
        name = type(model).__name__
        raise GgufError(
            f"{header.path}: {name} as transformers reads it has {parameters:,} parameters and the "
            f"file {header.parameters:,}{f', not fitting: {wrong[0]}' if wrong else ''}. "
            f"{USE_ANOTHER}"
        )
    return model
