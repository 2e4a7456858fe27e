"""From rows to prompts, by columns that the config names: users' files and sets on the hub.

Errors name the source, the column and what is there instead.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from safeneuron.data.images import Stored, stored_image, whole_image
from safeneuron.data.prompt_settings import UNNAMED, FileDataset, HubDataset, PromptColumns
from safeneuron.data.prompts import cluster_of
from safeneuron.data.records import Record, file_rows, rows_where, shape, with_columns
from safeneuron.data.stratified import stratified
from safeneuron.errors import SourceError

_ALL_CATEGORIES = "overall"
"""What tables call the rows of all categories together (`results.counts.OVERALL`)."""


@dataclass(frozen=True)
class Prompt:
    """One row of a prompt table, but for its dataset's name."""

    id: str
    category: str
    split: str
    text: str
    image: Stored | None = None
    cluster: str | None = None  # None: a variant of no other prompt


class _Row(NamedTuple):
    """What one row of a source says."""

    number: int
    id: str | None
    category: str
    text: str
    image: Stored | None = None
    cluster: str | None = None


def slug(name: str) -> str:
    """A category's name as a path component: lower case, words joined by hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def read_prompts(dataset: FileDataset) -> list[Prompt]:
    """The prompts of a file, in its order: all, or a draw of `dataset.limit` of them.

    Raises:
        SourceError: missing, empty or unreadable file, another shape or column than the data set
            says, empty text, duplicate ids.
    """
    path = Path(dataset.path)
    content = file_rows(path)
    if dataset.nested:
        rows = _nested_rows(content, path)
    elif dataset.text is None and dataset.constant_text is None:
        rows = _listed_rows(content, dataset, path)
    else:
        folder = path.parent if dataset.images is None else Path(dataset.images)
        rows = _flat_rows(_with_columns(content, path), dataset, dataset.path, folder)
    return _limited(list(_prompts(rows, dataset, dataset.path)), dataset)


def hub_prompts(records: Iterable[Record], dataset: HubDataset) -> list[Prompt]:
    """The prompts of a data set on the hub, in its order: all, or `dataset.limit` of them.

    Of a streamed set these are the first, and no more rows are read; else they are drawn.

    Args:
        records: its rows, of `hub.hub_records`.

    Raises:
        SourceError: missing column, empty text, no image, duplicate ids, no rows, or other
            categories than those that jobs were planned for.
    """
    where = dataset.hub.id
    found = _prompts(_flat_rows(records, dataset, where, None), dataset, where)
    if dataset.hub.streaming:
        prompts = list(islice(found, dataset.limit))
    else:
        prompts = _limited(list(found), dataset)
    if not prompts:
        raise SourceError(f"{where}: no prompts in it")
    if dataset.categories is not None:
        _check_categories(prompts, dataset.categories, where)
    return prompts


def image_files(dataset: FileDataset) -> list[str]:
    """The files of a data set's images, each once; none where the file holds the images itself."""
    if dataset.image is None:
        return []
    images = [prompt.image for prompt in read_prompts(dataset)]
    return [str(path) for path in dict.fromkeys(images) if isinstance(path, Path)]


def prompt_rows(prompts: Sequence[Prompt]) -> list[dict[str, Any]]:
    """Prompts as rows for `prompts.write_prompts`, with their images read.

    Raises:
        SourceError: an image is damaged; names the prompt.
    """
    return [
        {
            "prompt_id": p.id,
            "cluster": p.id if p.cluster is None else p.cluster,
            "category": p.category,
            "split": p.split,
            "text": p.text,
            "image": None if p.image is None else whole_image(p.image, f"prompt '{p.id}'"),
        }
        for p in prompts
    ]


def _limited(prompts: list[Prompt], columns: PromptColumns) -> list[Prompt]:
    if columns.limit is None:
        return prompts
    categories = [prompt.category for prompt in prompts]
    return [prompts[i] for i in stratified(categories, columns.limit, columns.seed)]


def _check_categories(prompts: Sequence[Prompt], declared: Sequence[str], where: str) -> None:
    """Raise unless prompts that were downloaded have the categories that jobs were planned for."""
    found = {prompt.category for prompt in prompts}
    missing, unknown = set(declared) - found, found - set(declared)
    if missing or unknown:
        raise SourceError(
            f"{where}: its categories are {', '.join(sorted(found))}; "
            f"the config key 'categories' lacks {sorted(unknown)} and has {sorted(missing)} too "
            "much; correct it, or leave rows out with 'where'"
        )


def _prompts(rows: Iterable[_Row], columns: PromptColumns, where: str) -> Iterator[Prompt]:
    seen_ids: dict[str, int] = {}
    seen: set[tuple[str, Stored | None]] = set()
    for number, row_id, category, row_text, image, cluster in rows:
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
        if name == _ALL_CATEGORIES:
            raise SourceError(
                f"{where}: row {number} has category '{category}', which is what tables call all "
                "categories together; give it another name"
            )
        if not name:
            raise SourceError(
                f"{where}: row {number} has category '{category}', which names no folder; "
                "use one with ASCII letters or digits"
            )
        yield Prompt(identity, name, columns.split, text, image, cluster)


def _nested_rows(topics: Any, path: Path) -> Iterator[_Row]:
    if not isinstance(topics, dict):
        raise SourceError(
            f"{path}: 'nested' expects an object of topics (found: {shape(topics)}); "
            f"{_instead(topics)}"
        )
    number = 0
    for category, content in topics.items():
        lists = content.values() if isinstance(content, dict) else [content]
        for prompts in lists:
            if not isinstance(prompts, list) or not all(isinstance(p, str) for p in prompts):
                raise SourceError(
                    f"{path}: topic '{category}' does not hold lists of prompts (strings)"
                )
            for prompt in prompts:
                number += 1
                yield _Row(number, None, category, prompt)
    if not number:
        raise SourceError(f"{path}: no prompts in it")


def _listed_rows(prompts: Any, dataset: FileDataset, path: Path) -> Iterator[_Row]:
    if not isinstance(prompts, list) or not all(isinstance(p, str) for p in prompts):
        raise SourceError(
            f"{path}: without 'text' it must be a list of prompts (found: {shape(prompts)}); "
            f"{_instead(prompts)}"
        )
    for number, prompt in enumerate(prompts, start=1):
        yield _Row(number, None, dataset.constant_category or UNNAMED, prompt)


def _with_columns(rows: Any, path: Path) -> list[Record]:
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise SourceError(
            f"{path}: the columns of 'text' and the like need rows, a list of objects "
            f"(found: {shape(rows)}); {_instead(rows)}"
        )
    return rows


def _instead(content: Any) -> str:
    """How an entry of `datasets` is written for a file of this shape."""
    if isinstance(content, list) and all(isinstance(item, str) for item in content):
        return (
            "for a list of prompts leave out nested, text, category, id, where and image; "
            "'constant_category' gives all of them a category"
        )
    if isinstance(content, list) and all(isinstance(item, dict) for item in content):
        columns = ", ".join(f"'{column}'" for column in content[0])
        return (
            f"name the column of the prompts in 'text', without nested; the first row has {columns}"
        )
    if isinstance(content, dict) and all(_is_topic(value) for value in content.values()):
        return (
            "for topics of prompts set 'nested', without text, category, constant_category, id, "
            "where and image"
        )
    return "save the rows alone, as a list of objects or of strings"


def _is_topic(content: Any) -> bool:
    lists = list(content.values()) if isinstance(content, dict) else [content]
    return all(isinstance(part, list) and all(isinstance(p, str) for p in part) for part in lists)


def _flat_rows(
    records: Iterable[Record], columns: PromptColumns, where: str, images: Path | None
) -> Iterator[_Row]:
    records = with_columns(records, _named(columns), where)
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
        named = {"id": columns.id, "cluster": columns.cluster}
        names = {key: record.get(column) for key, column in named.items() if column}
        for key, value in names.items():
            if value in (None, ""):
                raise SourceError(f"{where}: row {number} has no {key} in column '{named[key]}'")
        image = None
        if columns.image:
            image = stored_image(record.get(columns.image), images, f"{where}: row {number}")
        identity = str(names["id"]) if columns.id else None
        cluster = cluster_of(str(names["cluster"])) if columns.cluster else None
        yield _Row(number, identity, category, text, image, cluster)


def _named(columns: PromptColumns) -> dict[str, str]:
    """Config key -> column, of the columns that must be there."""
    keys = ("text", "category", "id", "image", "cluster")
    named = {key: column for key in keys if (column := getattr(columns, key))}
    return named | {f"where.{column}": column for column in columns.where}


def _kind(value: Any) -> str:
    """What a cell holds instead of text; the value itself is not shown."""
    return "nothing" if value is None else f"a value of type {type(value).__name__}"
