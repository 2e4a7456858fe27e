"""What a result was made from, as a small document beside it that equal runs reproduce.

It lies beside and not inside, so that equal results have equal bytes whatever they were made from,
and what depends on them need not run again.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from safeneuron.artifacts.files import sha256, write_text
from safeneuron.artifacts.versions import versions_of

_LIBRARIES = (
    *("accelerate", "datasets", "numpy", "peft", "pyarrow", "safetensors"),
    *("tokenizers", "torch", "transformers", "trl"),
)


def provenance(
    settings: Any, inputs: Mapping[str, Path | Sequence[Path]], code: str
) -> dict[str, Any]:
    """Hashes of the settings and of every input file, the code's digest, library versions.

    Args:
        settings: the config keys that the stage used; JSON-serialisable.
        inputs: role -> file or files read; of a folder, all files in it.
        code: the stage's source digest; empty when it was run by hand.
    """
    return {
        "code": code,
        "settings": settings,
        "settings_sha256": _digest(json.dumps(settings, sort_keys=True).encode()),
        "inputs": {role: _hashes(files) for role, files in inputs.items()},
        "libraries": versions_of(_LIBRARIES),
    }


def write_provenance(path: Path, document: Mapping[str, Any]) -> None:
    """Write a result's provenance to `NAME.provenance.json` beside it."""
    text = json.dumps(document, indent=1, sort_keys=True) + "\n"
    write_text(provenance_path(path), text)


def read_provenance(path: Path) -> dict[str, Any]:
    """The provenance of a result."""
    document: dict[str, Any] = json.loads(provenance_path(path).read_text(encoding="utf-8"))
    return document


def provenance_path(path: Path) -> Path:
    """Where the provenance of a file or folder lies."""
    return path.with_name(f"{path.name}.provenance.json")


def digest(document: Mapping[str, Any]) -> str:
    """A short name for a provenance document: equal documents have equal ones."""
    return _digest(json.dumps(document, sort_keys=True).encode())[:16]


def _hashes(files: Path | Sequence[Path]) -> str:
    if isinstance(files, Path):
        if files.is_dir():
            return _hashes(sorted(path for path in files.rglob("*") if path.is_file()))
        return sha256(files)
    return _digest("".join(_hashes(path) for path in files).encode())


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
