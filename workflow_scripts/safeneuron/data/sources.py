"""From rows to prompts, by columns that the config names: users' files and sets on the hub.

Errors name the source, the column and what is there instead.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from safeneuron.data.images import Stored, stored_image
from safeneuron.data.records import (
    Record,
    check_file,
    file_records,
    load_json,
    rows_where,
    with_columns,
)
from safeneuron.errors import SourceError


@dataclass(frozen=True, kw_only=True)
class Columns:
    """How a source's rows become prompts.

    Attributes:
        text: column that holds the prompt; unused for nested files.
        constant_text: prompt of every row when there is no such column.
        image: column that holds an image, or the name of its file; None for text alone.
        category: column that holds the category, or None.
        constant_category: category of every row when there is no such column.
        id: column that holds unique ids, or None to number the rows.
        where: column -> values; other rows are left out.
        split: the split that all its prompts belong to.
        deduplicate: keep the first of rows with equal text.
        limit: keep the first so many rows, or None.
    """

    text: str | None
    category: str | None
    constant_category: str | None
    id: str | None
    where: Mapping[str, Sequence[Any]]
    split: str
    deduplicate: bool
    limit: int | None
    constant_text: str | None = None
    image: str | None = None

    def named(self) -> dict[str, str]:
        """Config key -> column, of the columns that must be there."""
        keys = {
            **{"text": self.text, "category": self.category, "id": self.id},
            "image": self.image,
        }
        named = {key: column for key, column in keys.items() if column is not None}
        return named | {f"where.{column}": column for column in self.where}


@dataclass(frozen=True, kw_only=True)
class FileSource(Columns):
    """A user's file of prompts.

    Attributes:
        path: the file; its ending says the format.
        nested: the file is json nested as {category: {subtopic: [prompt, ...]}}.
        images: folder that the names of images are relative to; None for the file's own.
    """

    path: str
    nested: bool
    images: str | None = None


@dataclass(frozen=True)
class Prompt:
    """One row of a prompt table, but for its dataset's name."""

    id: str
    category: str
    split: str
    text: str
    image: Stored | None = None


class _Row(NamedTuple):
    """What one row of a source says."""

    number: int
    id: str | None
    category: str
    text: str
    image: Stored | None = None


def slug(name: str) -> str:
    """A category's name as a path component: lower case, words joined by hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def read_prompts(source: FileSource) -> list[Prompt]:
    """All prompts of a file, in its order.

    Raises:
        SourceError: missing or empty file, missing column, empty text, duplicate ids.
    """
    path = Path(source.path)
    if source.nested:
        check_file(path)
        return _prompts(_nested_rows(path), source, source.path)
    folder = path.parent if source.images is None else Path(source.images)
    return prompts_of_records(file_records(path), source, source.path, folder)


def image_files(source: FileSource) -> list[str]:
    """The files of a source's images, each once; none where the file holds the images itself."""
    if source.image is None:
        return []
    images = [prompt.image for prompt in read_prompts(source)]
    return [str(path) for path in dict.fromkeys(images) if isinstance(path, Path)]


def prompts_of_records(
    records: Iterable[Record], columns: Columns, where: str, images: Path | None = None
) -> list[Prompt]:
    """The prompts of rows; no more rows are read than `columns.limit` needs.

    Args:
        where: the source, as messages name it.
        images: folder of the images' files; None if rows hold the images themselves.

    Raises:
        SourceError: missing column, empty text, no image, duplicate ids, no rows.
    """
    return _prompts(_flat_rows(records, columns, where, images), columns, where)


def _prompts(rows: Iterable[_Row], columns: Columns, where: str) -> list[Prompt]:
    prompts: list[Prompt] = []
    seen_ids: dict[str, int] = {}
    seen: set[tuple[str, Stored | None]] = set()
    for number, row_id, category, row_text, image in rows:
        text = row_text.strip()
        if not text:
            raise SourceError(f"{where}: row {number} has an empty prompt")
        if columns.deduplicate:
            if (text, image) in seen:
                continue
            seen.add((text, image))
        identity = row_id if row_id is not None else str(number)
        if identity in seen_ids:
            raise SourceError(
                f"{where}: rows {seen_ids[identity]} and {number} have the same id '{identity}'"
            )
        seen_ids[identity] = number
        name = slug(category)
        if not name:
            raise SourceError(
                f"{where}: row {number} has category '{category}', which names no folder; "
                "use one with ASCII letters or digits"
            )
        prompts.append(Prompt(identity, name, columns.split, text, image))
        if len(prompts) == columns.limit:
            break
    if not prompts:
        raise SourceError(f"{where}: no prompts in it")
    return prompts


def _nested_rows(path: Path) -> Iterator[_Row]:
    document = load_json(path)
    if not isinstance(document, dict):
        raise SourceError(
            f"{path}: 'nested' expects an object of topics, found {type(document).__name__}"
        )
    number = 0
    for category, content in document.items():
        lists = content.values() if isinstance(content, dict) else [content]
        for prompts in lists:
            if not isinstance(prompts, list) or not all(isinstance(p, str) for p in prompts):
                raise SourceError(f"{path}: topic '{category}' does not hold lists of prompts")
            for prompt in prompts:
                number += 1
                yield _Row(number, None, category, prompt)


def _flat_rows(
    records: Iterable[Record], columns: Columns, where: str, images: Path | None
) -> Iterator[_Row]:
    records = with_columns(records, columns.named(), where)
    for number, record in rows_where(records, columns.where, where):
        category: Any = columns.constant_category
        if columns.category:
            category = record.get(columns.category)
        text: Any = record.get(columns.text) if columns.text else columns.constant_text
        for key, value in (("text", text), ("category", category)):
            if not isinstance(value, str):
                raise SourceError(
                    f"{where}: row {number} has no text in column '{getattr(columns, key)}' "
                    f"(config key '{key}'), but {_kind(value)}"
                )
        identity = record.get(columns.id) if columns.id else None
        if columns.id and identity in (None, ""):
            raise SourceError(f"{where}: row {number} has no id in column '{columns.id}'")
        image = None
        if columns.image:
            image = stored_image(record.get(columns.image), images, f"{where}: row {number}")
        yield _Row(number, str(identity) if columns.id else None, category, text, image)


def _kind(value: Any) -> str:
    """What a cell holds instead of text; the value itself is not shown."""
    return "nothing" if value is None else f"a value of type {type(value).__name__}"
