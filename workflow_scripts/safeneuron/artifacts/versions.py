"""Which versions of the model libraries an experiment's results were made with.

Their results may differ in the last digits from version to version. An experiment remembers the
versions that it began with; whether newer ones make the model stages run again is the user's
choice.
"""

import json
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from safeneuron.artifacts.files import write_text

LIBRARIES = ("accelerate", "datasets", "peft", "tokenizers", "torch", "transformers", "trl")


def versions_of(libraries: Iterable[str]) -> dict[str, str]:
    """The installed version of each library, 'none' where it is not; nothing is imported."""
    found = {}
    for name in libraries:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "none"
    return found


def installed() -> dict[str, str]:
    """The versions of `LIBRARIES` in this environment."""
    return versions_of(LIBRARIES)


def recorded(path: Path) -> dict[str, str] | None:
    """The versions that an experiment was made with; None before its first run."""
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def record(path: Path, versions: Mapping[str, str]) -> None:
    """Remember versions; does nothing if they are the recorded ones."""
    if recorded(path) != versions:
        write_text(path, json.dumps(versions, indent=1, sort_keys=True) + "\n")


def changes(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    """'torch 2.12.0 -> 2.13.0, …' for the libraries that differ; empty if none does."""
    return ", ".join(
        f"{name} {before.get(name, 'none')} -> {now[name]}"
        for name in now
        if before.get(name, "none") != now[name]
    )
