"""What a result was made from, as a small document that equal runs reproduce to the byte."""

import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from safeneuron.artifacts.files import sha256

_LIBRARIES = ("numpy", "pyarrow", "safetensors", "tokenizers", "torch", "transformers", "trl")


def provenance(
    settings: Mapping[str, Any], inputs: Mapping[str, Path | list[Path]], code: str
) -> dict[str, Any]:
    """Hashes of the settings and of every input file, the code's digest, library versions.

    Args:
        settings: the config keys that the stage used.
        inputs: role -> file or files read.
        code: the stage's source digest; empty when it was run by hand.
    """
    return {
        "code": code,
        "settings": dict(settings),
        "settings_sha256": _digest(json.dumps(settings, sort_keys=True).encode()),
        "inputs": {role: _hashes(files) for role, files in inputs.items()},
        "libraries": {name: v for name in _LIBRARIES if (v := _version(name))},
    }


def digest(document: Mapping[str, Any]) -> str:
    """A short name for a provenance document: equal documents have equal ones."""
    return _digest(json.dumps(document, sort_keys=True).encode())[:16]


def _hashes(files: Path | list[Path]) -> str:
    if isinstance(files, Path):
        return sha256(files)
    return _digest("".join(sha256(path) for path in files).encode())


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
