"""Files that are complete or absent: write beside, then rename."""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A scratch path beside `path` (a file or a folder) that takes its name if all goes well.

    On any error the scratch path is removed and `path` is left as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield scratch
        scratch.stat()  # nothing was written: keep what is there
        _readable(scratch)
        if path.is_dir():
            shutil.rmtree(path)
        scratch.replace(path)
    finally:
        if scratch.is_dir():
            shutil.rmtree(scratch)
        else:
            scratch.unlink(missing_ok=True)


def _readable(path: Path) -> None:
    """Give files the mode that the process's umask asks for: safetensors writes 0600."""
    mask = os.umask(0)
    os.umask(mask)
    for file in path.rglob("*") if path.is_dir() else (path,):
        if file.is_file():
            file.chmod(0o666 & ~mask)


def write_text(path: Path, text: str) -> None:
    """Write a whole text file or nothing."""
    with replacing(path) as scratch:
        scratch.write_text(text, encoding="utf-8")


def set_aside(path: Path) -> str:
    """Take a damaged result out of the way, so that the next run makes it anew; says so.

    Another job may have found the damage first, and taken it away.
    """
    if not path.exists():
        return "it is missing; run again to make it"
    kept = path.with_name(f"{path.name}.corrupt")
    with suppress(FileNotFoundError):
        path.replace(kept)
    return f"it was moved to {kept.name}; run again to make it anew"


def sha256(path: Path) -> str:
    """Hex SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
