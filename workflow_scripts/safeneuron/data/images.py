"""Images of prompts and pairs: the bytes of a file that Pillow reads. Messages never show them.

Tables hold the bytes themselves, so that a table with images is still one file: complete or absent,
hashed, and rerun as a whole.
"""

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image, UnidentifiedImageError

from safeneuron.errors import SourceError

Stored = bytes | Path
"""An image that is in a table's cell, or in a file of its own."""


def stored_image(cell: Any, folder: Path | None, where: str) -> Stored:
    """The image of a cell: bytes, `datasets`' {bytes, path}, or a file's name in a folder.

    Args:
        folder: that files' names are relative to; None where there are no files.
        where: source and row, as messages name them.

    Raises:
        SourceError: the cell holds no image, or the file is missing or unreadable; names it.
    """
    if isinstance(cell, Mapping):
        cell = cell.get("bytes") or cell.get("path")
    if isinstance(cell, bytes) and cell:
        check_image(cell, where)
        return cell
    if isinstance(cell, str) and cell and folder is not None:
        path = folder / cell
        if not path.is_file():
            raise SourceError(f"{where}: there is no image {path}")
        check_image(path, f"{where}, {path}")
        return path
    raise SourceError(f"{where}: no image, but a value of type {type(cell).__name__}")


def check_image(image: Stored, where: str) -> None:
    """Raise unless an image's header is one that Pillow reads; quick, so all can be looked at.

    Raises:
        SourceError: it is not.
    """
    try:
        with Image.open(_stream(image)) as opened:
            opened.verify()
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise SourceError(
            f"{where}: not a readable image ({type(error).__name__}); replace it or leave its row "
            "out"
        ) from None


def whole_image(image: Stored, where: str) -> bytes:
    """An image's bytes, once all of it has been decoded.

    Raises:
        SourceError: it is damaged or cut off.
    """
    data = image.read_bytes() if isinstance(image, Path) else image
    try:
        open_image(data)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise SourceError(
            f"{where}: its image is damaged or cut off ({type(error).__name__}); replace it or "
            "leave its row out"
        ) from None
    return data


def open_image(data: bytes) -> Image.Image:
    """The picture of an image's bytes, in RGB."""
    with Image.open(BytesIO(data)) as opened:
        return opened.convert("RGB")


def _stream(image: Stored) -> Path | BytesIO:
    return image if isinstance(image, Path) else BytesIO(image)
