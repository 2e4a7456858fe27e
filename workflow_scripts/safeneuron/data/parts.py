"""The part of a public file that is used, byte for byte the same whenever it is taken."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from safeneuron.data.public_files import BenignGoals, KeptRows, Part

T = TypeVar("T")
_BENIGN_COLUMNS = ("Index", "Goal", "Behavior", "Category")


def part_of(whole: str, part: Part, folder: Path, *, lines: bool) -> str:
    """The text of a part.

    Args:
        whole: the text of the whole file.
        folder: the data root, with the files that the part names.
        lines: whether the file is jsonl.

    Raises:
        ValueError, LookupError, TypeError: the file is not of the layout that the part expects.
        OSError: a file that the part names is not there.
    """
    if isinstance(part, KeptRows):
        if lines:
            return "".join(_rows(whole.splitlines(keepends=True), part.rows))
        return _json(list(_rows(json.loads(whole), part.rows)), part.indent) + part.end
    if isinstance(part, BenignGoals):
        goals = [row["payload"] for row in _rows(json.loads(whole), part.rows)]
        return _benign_table(goals, folder / part.beside)
    topics = json.loads(whole)
    return _json({name: topics[name] for name in topics if name not in part.without}, part.indent)


def _benign_table(goals: list[str], harmful: Path) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_BENIGN_COLUMNS)
    with harmful.open(encoding="utf-8", newline="") as stream:
        for goal, row in zip(goals, csv.DictReader(stream), strict=True):
            writer.writerow([row["Index"], goal, row["Behavior"], row["Category"]])
    return text.getvalue()


def _json(content: object, indent: int) -> str:
    return json.dumps(content, indent=indent, ensure_ascii=False)


def _rows(items: list[T], rows: str) -> Iterator[T]:
    for span in rows.split():
        first, _, last = span.partition("-")
        for number in range(int(first), int(last or first) + 1):
            yield items[number - 1]
