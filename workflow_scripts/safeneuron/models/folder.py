"""Checkpoint folders: whether they are complete, as far as can be seen without loading them."""

import json
from pathlib import Path
from typing import Any

from safeneuron.errors import SafeNeuronError
from safeneuron.models.mixtures import MIXTURES, Mixture, mixture_of, unsupported
from safeneuron.models.refused import REFUSED

INDEX = "model.safetensors.index.json"


class IncompleteCheckpointError(SafeNeuronError):
    """A checkpoint folder lacks a file; names the folder and the file."""


IMAGE_PROCESSOR = ("preprocessor_config.json", "processor_config.json")
"""Files that say how a model sees, in one of which its image processor is."""
PROCESSOR = (*IMAGE_PROCESSOR, "video_preprocessor_config.json")
"""All files of a processor, besides the tokenizer's."""


class NoVisionError(SafeNeuronError):
    """The model has no vision tower."""


class UnsupportedFamilyError(SafeNeuronError):
    """The model's family is not supported; names the folder and what was found."""


def check_folder(folder: Path) -> None:
    """Whether a folder holds config, complete safetensors weights and tokenizer.

    Every shard that the index names must be there.

    Raises:
        IncompleteCheckpointError: says what is missing.
    """
    if not folder.is_dir():
        raise IncompleteCheckpointError(f"{folder} is not a folder")
    present = {path.name for path in folder.iterdir() if path.is_file()}
    if INDEX in present:
        weights = set(_read_json(folder / INDEX)["weight_map"].values())
    else:
        weights = {"model.safetensors"}
    for file in sorted(weights - present):
        found = ", ".join(sorted(n for n in present if n.endswith((".bin", ".safetensors", ".pt"))))
        raise IncompleteCheckpointError(
            f"{folder} has no {file}; weights must be safetensors "
            f"(found: {found or 'no weights'}); download the folder again or save it with "
            "save_pretrained"
        )
    for file in ("config.json", "tokenizer_config.json"):
        if file not in present:
            raise IncompleteCheckpointError(
                f"{folder} has no {file}; it is not a complete checkpoint"
            )
        _read_json(folder / file)


def weight_shapes(folder: Path) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the weights in a folder's safetensors, from their headers."""
    shapes: dict[str, tuple[int, ...]] = {}
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as stream:
            header = json.loads(stream.read(int.from_bytes(stream.read(8), "little")))
        header.pop("__metadata__", None)
        shapes |= {name: tuple(tensor["shape"]) for name, tensor in header.items()}
    return shapes


def chat_template(folder: Path) -> str | None:
    """The chat template of the tokenizer in a folder; None for no template, or no folder."""
    file, tokenizer = folder / "chat_template.jinja", folder / "tokenizer_config.json"
    if file.is_file():
        return file.read_text(encoding="utf-8")
    return _read_json(tokenizer).get("chat_template") if tokenizer.is_file() else None


def check_chat_template(folder: Path) -> None:
    """Whether the tokenizer of a complete folder has a chat template.

    Raises:
        IncompleteCheckpointError: it has none.
    """
    if chat_template(folder) is None:
        raise IncompleteCheckpointError(
            f"the tokenizer in {folder} has no chat template; put the one of the model's "
            "authors there as chat_template.jinja"
        )


def sees(folder: Path) -> bool:
    """Whether the model in a folder has a vision tower."""
    return "vision_config" in _read_json(folder / "config.json")


def check_image_processor(folder: Path) -> None:
    """Whether the model of a complete folder sees, and brings its image processor.

    Raises:
        NoVisionError: it is a model of text.
        IncompleteCheckpointError: it has no image processor.
    """
    if not sees(folder):
        raise NoVisionError(f"the model in {folder} has no vision tower")
    if not any((folder / name).is_file() for name in IMAGE_PROCESSOR):
        raise IncompleteCheckpointError(
            f"{folder} has no image processor ({' or '.join(IMAGE_PROCESSOR)}); copy it from the "
            "base model's folder, its authors publish it there"
        )


def check_family(folder: Path) -> None:
    """Whether the model in a complete folder is of no type that is known not to be supported.

    Raises:
        UnsupportedFamilyError: says what was found, and what is supported.
    """
    text = _text_of(folder)
    kind = text.get("model_type", "no model_type")
    found = unsupported(text)
    if kind in REFUSED:
        found = f"a model of type '{kind}' has {REFUSED[kind]}"
    if found:
        raise UnsupportedFamilyError(
            f"{folder}: {found}, which is not supported; of mixtures {', '.join(MIXTURES)} are; "
            "docs/families.md lists all families"
        )


def mixture_in(folder: Path) -> Mixture | None:
    """The sizes of the mixtures of experts in a complete folder; None of a dense model."""
    return mixture_of(_text_of(folder))


def _text_of(folder: Path) -> dict[str, Any]:
    """The settings of the language model."""
    config = _read_json(folder / "config.json")
    text: dict[str, Any] = config.get("text_config", config)
    return text


def checkpoint_files(folder: Path) -> list[Path]:
    """What a local checkpoint is made of: if one of these files changes, so does the model."""
    endings = (".json", ".safetensors", ".jinja", ".model")
    return sorted(path for path in folder.iterdir() if path.suffix in endings)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise IncompleteCheckpointError(
            f"{path} is not valid JSON ({error}); download the folder again"
        ) from error
