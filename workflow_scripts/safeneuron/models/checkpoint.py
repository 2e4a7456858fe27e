"""Checkpoint folders and the manifests that stand for them.

A model state is known to the workflow by a small `checkpoint.json`: where the folder is, what is in
it, and hashes. Stages read the manifest, and a model that was trained again to the same weights
does not make them run again.
"""

import copy
import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError, safe_open
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForImageTextToText,
    AutoTokenizer,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
)
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_CAUSAL_LM_MAPPING,
    MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING,
)
from transformers.utils.logging import disable_progress_bar

from safeneuron.artifacts.files import replacing, set_aside, sha256, write_text
from safeneuron.artifacts.manifests import read_manifest
from safeneuron.errors import SafeNeuronError
from safeneuron.models.experts import expose_experts
from safeneuron.models.folder import PROCESSOR
from safeneuron.models.positions import count_positions
from safeneuron.models.site import NeuronSite, UnsupportedArchitectureError
from safeneuron.models.sites import ffn_sites, grid_of
from safeneuron.models.sizes import UnknownSizeError, decoder_sizes
from safeneuron.models.system_prompt import own_system_prompt, set_system_prompt
from safeneuron.neurons.grid import described

disable_progress_bar()

_HASHED_BYTES = 1 << 30  # larger weight files are known by their size alone


class CheckpointError(SafeNeuronError):
    """A checkpoint is missing, incomplete or not the one of its manifest; names the file."""


class Loaded(NamedTuple):
    """A model in evaluation mode and its tokenizer (left padding)."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase


def save_checkpoint(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    folder: Path,
    processor_of: Path | None = None,
) -> None:
    """Write an ordinary checkpoint folder (safetensors), whole or not at all.

    Args:
        processor_of: the checkpoint folder whose image processor the model has, if it has one: its
            files are copied as they are.
    """
    with replacing(folder) as scratch:
        model.save_pretrained(scratch, safe_serialization=True)
        tokenizer.save_pretrained(scratch)
        if processor_of is not None:
            for path in (processor_of / name for name in PROCESSOR):
                if path.is_file():
                    shutil.copyfile(path, scratch / path.name)


def cast_weights(model: PreTrainedModel, dtype: str) -> None:
    """Cast a model's weights in place to what a loaded model has them in.

    Buffers stay as they are, and so do weights that an architecture keeps in float32, such as some
    routers.
    """
    with torch.device("meta"):
        made = _auto_class(model.config).from_config(
            copy.deepcopy(model.config), dtype=getattr(torch, dtype)
        )
    for name, parameter in model.named_parameters():
        parameter.data = parameter.data.to(made.get_parameter(name).dtype)


def write_manifest(
    manifest: Path,
    folder: Path,
    dtype: str,
    reported: Mapping[str, Any] | None = None,
    system_prompt: str | None = None,
) -> None:
    """Describe a checkpoint folder; its weights are looked at but not loaded.

    Args:
        dtype: the dtype that stages load it in.
        reported: what tables show of its making (its state if a round trained it, steps, the hub's
            commit, …).
        system_prompt: what chats with it begin with; None for what its template adds of itself,
            which is recorded beside it.

    Raises:
        UnsupportedArchitectureError: its FFN is of no known family, or the configuration does not
            say its sizes.
        CheckpointError: its weights are truncated.
        ChatTemplateError: its template does not show the system prompt.
    """
    config = _read_config(folder)
    with torch.device("meta"):
        model = _auto_class(config).from_config(config)
    expose_experts(model)
    sites = ffn_sites(model)
    _check_sizes(model, sites)
    _check_weights(folder)
    tokenizer = _load_tokenizer(folder)
    template = tokenizer.chat_template or ""
    own = own_system_prompt(tokenizer)
    if system_prompt is not None:
        set_system_prompt(tokenizer, system_prompt)
    document = {
        "folder": str(folder),
        "dtype": dtype,
        "architecture": type(model).__name__,
        **described(grid_of(sites).present),
        "parameters": sum(p.numel() for p in model.parameters()),
        "files": {path.name: _fingerprint(path) for path in _own_files(folder)},
        "chat_template_sha256": hashlib.sha256(template.encode()).hexdigest(),
        "system_prompt": {"template": own, "set": system_prompt},
        "reported": dict(reported or {}),
    }
    write_text(manifest, json.dumps(document, indent=1, sort_keys=True) + "\n")


def load_checkpoint(
    manifest: Path, dtype: str | None = None, placement: Mapping[str, Any] | None = None
) -> Loaded:
    """Load the checkpoint of a manifest after checking that it is still the same files.

    Args:
        dtype: of the loaded weights; the manifest's if None.
        placement: where they go, see `load_folder`.

    Raises:
        CheckpointError: a file is missing or differs, see `check_files`.
    """
    document = check_files(manifest)
    loaded = load_folder(Path(document["folder"]), dtype or document["dtype"], placement)
    _set_system_prompt(loaded.tokenizer, document)
    return loaded


def load_tokenizer(manifest: Path) -> PreTrainedTokenizerBase:
    """The tokenizer of a manifest's checkpoint alone, as `load_checkpoint` gives it."""
    document = read_manifest(manifest)
    tokenizer = _load_tokenizer(Path(document["folder"]))
    _set_system_prompt(tokenizer, document)
    return tokenizer


def _set_system_prompt(tokenizer: PreTrainedTokenizerBase, document: Mapping[str, Any]) -> None:
    if (text := document["system_prompt"]["set"]) is not None:
        set_system_prompt(tokenizer, text)


def check_files(manifest: Path) -> dict[str, Any]:
    """A manifest's document after checking that its folder still holds the same files.

    Raises:
        CheckpointError: a file is missing or differs; the manifest is set aside, so that the next
            run makes the checkpoint anew. Or the folder is relative to another place than this one;
            then nothing is touched.
    """
    document = read_manifest(manifest)
    folder = Path(document["folder"])
    here = Path.cwd()
    if not (folder.is_absolute() or folder.is_dir() or manifest.resolve().is_relative_to(here)):
        raise CheckpointError(
            f"{manifest}: its folder '{folder}' is relative to the folder that snakemake ran in, "
            f"and is not in {here}; go there first"
        )
    for name, expected in document["files"].items():
        path = folder / name
        if not path.is_file() or _fingerprint(path) != expected:
            state = "is not the file that was recorded" if path.is_file() else "is missing"
            raise CheckpointError(
                f"{path} {state}; of its manifest {manifest}: {set_aside(manifest)}"
            )
    return document


def load_folder(folder: Path, dtype: str, placement: Mapping[str, Any] | None = None) -> Loaded:
    """Load a checkpoint folder, on the GPU if there is one.

    Args:
        placement: `device_map` or `distributed_config` of transformers; None for the job's GPU,
            the layers one after the other over several, or the CPU.

    Raises:
        CheckpointError: its weights are truncated, or not all that the architecture has.
        UnsupportedArchitectureError: it is no language model.
    """
    config = _read_config(folder)
    _check_weights(folder)
    model, loading = _auto_class(config).from_pretrained(
        folder,
        config=config,
        dtype=getattr(torch, dtype),
        local_files_only=True,
        trust_remote_code=False,
        output_loading_info=True,
        **(placement or {"device_map": _device()}),
    )
    missing = sorted(loading["missing_keys"])
    if missing:
        raise CheckpointError(
            f"{folder}: {len(missing)} weights of {type(model).__name__} are not in its files, "
            f"such as {missing[0]}; download the folder again"
        )
    expose_experts(model)
    count_positions(model)
    return Loaded(model.eval(), _load_tokenizer(folder))


def _device() -> str:
    if torch.cuda.device_count() > 1:
        return "auto"
    return "cuda" if torch.cuda.is_available() else "cpu"


def _read_config(folder: Path) -> PreTrainedConfig:
    return AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)


def _auto_class(
    config: PreTrainedConfig,
) -> type[AutoModelForCausalLM] | type[AutoModelForImageTextToText]:
    """The class that loads a config's whole model: with its vision tower if it has one."""
    if type(config) in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING:
        return AutoModelForImageTextToText
    if type(config) in MODEL_FOR_CAUSAL_LM_MAPPING:
        return AutoModelForCausalLM
    raise UnsupportedArchitectureError(
        f"a model of type '{config.model_type}' is neither a causal language model nor one of "
        "images and text"
    )


def _load_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    """The tokenizer that `tokenizer.json` describes.

    `AutoTokenizer` rebuilds it by the model's type for some types (qwen2), which splits the text of
    a model with another tokenizer (DeepSeek-R1-Distill-Qwen) in Qwen's way.
    """
    described = (folder / "tokenizer.json").is_file()
    loader = PreTrainedTokenizerFast if described else AutoTokenizer
    tokenizer = loader.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    tokenizer.padding_side = "left"
    return tokenizer


def _check_sizes(model: PreTrainedModel, sites: Sequence[NeuronSite]) -> None:
    """Raise unless the configuration says the sizes, which the proof of freezing goes by."""
    try:
        sizes = decoder_sizes(model.config.get_text_config(decoder=True).to_dict())
    except UnknownSizeError as error:
        raise UnsupportedArchitectureError(
            f"{type(model).__name__}: its configuration {error}"
        ) from None
    found = grid_of(sites).present.shape
    if found != (sizes.layers, sizes.neurons):
        raise UnsupportedArchitectureError(
            f"{type(model).__name__}: it has {found[0]} layers of {found[1]} neurons, and its "
            f"configuration says {sizes.layers} of {sizes.neurons}"
        )


def _check_weights(folder: Path) -> None:
    """Open every weight file, which reads its header and compares it with the file's length."""
    for path in sorted(folder.glob("*.safetensors")):
        try:
            with safe_open(path, framework="pt"):
                pass
        except SafetensorError as error:
            raise CheckpointError(
                f"{folder}: its weights are truncated ({path.name}: {error})"
            ) from error


def _own_files(folder: Path) -> list[Path]:
    """The files of a checkpoint folder; hidden ones are of the programs that look after it."""
    return [p for p in sorted(folder.iterdir()) if p.is_file() and not p.name.startswith(".")]


def _fingerprint(path: Path) -> dict[str, Any]:
    size = path.stat().st_size
    return {"bytes": size, "sha256": sha256(path) if size <= _HASHED_BYTES else None}
