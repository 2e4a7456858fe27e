"""Reading prompts from users' files: csv, json, jsonl, parquet, and json nested by topic.

Errors name the file, the column and what is there instead.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

FORMATS = (".csv", ".json", ".jsonl", ".parquet")


class PromptFileError(ValueError):
    """A prompt file is missing, unreadable, empty, or not as the config says."""


@dataclass(frozen=True)
class FileSource:
    """Where a dataset's prompts are and how to read them.

    Attributes:
        path: the file; its ending says the format.
        text: column that holds the prompt; unused for nested files.
        category: column that holds the category, or None.
        constant_category: category of every row when there is no such column.
        id: column that holds unique ids, or None to number the rows.
        nested: the file is json nested as {category: {subtopic: [prompt, ...]}}.
        split: the split that all its prompts belong to.
        deduplicate: keep the first of rows with equal text.
        limit: keep the first so many rows, or None.
    """

    path: str
    text: str | None
    category: str | None
    constant_category: str | None
    id: str | None
    nested: bool
    split: str
    deduplicate: bool
    limit: int | None


@dataclass(frozen=True)
class Prompt:
    """One row of a prompt table, but for its dataset's name."""

    id: str
    category: str
    split: str
    text: str


def slug(name: str) -> str:
    """A category's name as a path component: lower case, words joined by hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def read_prompts(source: FileSource) -> list[Prompt]:
    """All prompts of a source, in the order of the file.

    Raises:
        PromptFileError: missing or empty file, missing column, empty text, duplicate ids.
    """
    path = Path(source.path)
    if not path.is_file():
        raise PromptFileError(f"{path}: no such file")
    if path.suffix not in FORMATS:
        raise PromptFileError(f"{path}: unknown ending '{path.suffix}'; use one of {FORMATS}")
    rows = _nested_rows(path) if source.nested else _flat_rows(path, source)
    prompts: list[Prompt] = []
    seen_ids: dict[str, int] = {}
    seen_texts: set[str] = set()
    for number, (row_id, category, text) in enumerate(rows, start=1):
        if source.limit is not None and len(prompts) == source.limit:
            break
        text = text.strip()
        if not text:
            raise PromptFileError(f"{path}: row {number} has an empty prompt")
        if source.deduplicate:
            if text in seen_texts:
                continue
            seen_texts.add(text)
        identity = row_id if row_id is not None else str(number)
        if identity in seen_ids:
            raise PromptFileError(
                f"{path}: rows {seen_ids[identity]} and {number} have the same id '{identity}'"
            )
        seen_ids[identity] = number
        name = slug(category)
        if not name:
            raise PromptFileError(
                f"{path}: row {number} has category '{category}', which names no folder; "
                "use one with ASCII letters or digits"
            )
        prompts.append(Prompt(identity, name, source.split, text))
    if not prompts:
        raise PromptFileError(f"{path}: no prompts in it")
    return prompts


def _nested_rows(path: Path) -> Iterator[tuple[None, str, str]]:
    document = _load_json(path)
    if not isinstance(document, dict):
        raise PromptFileError(
            f"{path}: 'nested' expects an object of topics, found {type(document).__name__}"
        )
    for category, content in document.items():
        lists = content.values() if isinstance(content, dict) else [content]
        for prompts in lists:
            if not isinstance(prompts, list) or not all(isinstance(p, str) for p in prompts):
                raise PromptFileError(f"{path}: topic '{category}' does not hold lists of prompts")
            for prompt in prompts:
                yield None, category, prompt


def _flat_rows(path: Path, source: FileSource) -> Iterator[tuple[str | None, str, str]]:
    records = _records(path)
    if not records:
        raise PromptFileError(f"{path}: no rows in it")
    for key in ("text", "category", "id"):
        column = getattr(source, key)
        if column is not None and column not in records[0]:
            raise PromptFileError(
                f"{path}: no column '{column}' (config key '{key}'); it has {list(records[0])}"
            )
    for number, record in enumerate(records, start=1):
        category = record.get(source.category) if source.category else source.constant_category
        text = record.get(source.text) if source.text else None
        if not isinstance(text, str) or not isinstance(category, str):
            raise PromptFileError(f"{path}: row {number} has no text in its prompt or category")
        identity = record.get(source.id) if source.id else None
        if source.id and identity in (None, ""):
            raise PromptFileError(f"{path}: row {number} has no id in column '{source.id}'")
        yield (str(identity) if source.id else None), category, text


def _records(path: Path) -> list[dict[str, Any]]:
    try:
        if path.suffix == ".csv":
            return _csv_records(path)
        if path.suffix == ".parquet":
            return pyarrow.parquet.read_table(path).to_pylist()
    except pa.ArrowInvalid as error:
        raise PromptFileError(f"{path}: not a readable {path.suffix[1:]} file ({error})") from error
    if path.suffix == ".jsonl":
        lines = _read_text(path).split("\n")
        records = [_parse_json(path, line, n) for n, line in enumerate(lines, 1) if line.strip()]
    else:
        records = _load_json(path)
    if not isinstance(records, list) or not all(isinstance(r, dict) for r in records):
        raise PromptFileError(f"{path}: not a list of objects; for topics of prompts set 'nested'")
    return records


def _csv_records(path: Path) -> list[dict[str, Any]]:
    """Rows of a csv with every cell as text: ids keep their zeros, categories may be numbers."""
    parse = pyarrow.csv.ParseOptions(newlines_in_values=True)
    with pyarrow.csv.open_csv(path, parse_options=parse) as reader:
        columns = reader.schema.names
    convert = pyarrow.csv.ConvertOptions(
        column_types=dict.fromkeys(columns, pa.string()), strings_can_be_null=False
    )
    return pyarrow.csv.read_csv(path, parse_options=parse, convert_options=convert).to_pylist()


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise PromptFileError(f"{path}: not UTF-8 text ({error})") from error


def _load_json(path: Path) -> Any:
    return _parse_json(path, _read_text(path), None)


def _parse_json(path: Path, text: str, line: int | None) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        where = f"line {line}: " if line else ""
        raise PromptFileError(f"{path}: {where}not valid JSON ({error})") from error
