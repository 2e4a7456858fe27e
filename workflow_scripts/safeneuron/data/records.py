"""Rows of users' files: csv, json, jsonl and parquet as one mapping a row.

Errors name the file and what is there instead.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from safeneuron.errors import SourceError

FORMATS = (".csv", ".json", ".jsonl", ".parquet")

Record = Mapping[str, Any]


def file_records(path: Path) -> list[dict[str, Any]]:
    """All rows of a file; every cell of a csv is text, so ids keep their zeros.

    Raises:
        SourceError: no such file, unknown ending, not readable, no rows.
    """
    check_file(path)
    try:
        if path.suffix == ".csv":
            records: Any = _csv_records(path)
        elif path.suffix == ".parquet":
            records = pyarrow.parquet.read_table(path).to_pylist()
        elif path.suffix == ".jsonl":
            lines = _read_text(path).split("\n")
            records = [_parse(path, line, n) for n, line in enumerate(lines, 1) if line.strip()]
        else:
            records = load_json(path)
    except pa.ArrowInvalid as error:
        raise SourceError(f"{path}: not a readable {path.suffix[1:]} file ({error})") from error
    if not isinstance(records, list) or not all(isinstance(r, dict) for r in records):
        raise SourceError(f"{path}: not a list of objects; for topics of prompts set 'nested'")
    if not records:
        raise SourceError(f"{path}: no rows in it")
    return records


def check_file(path: Path) -> None:
    """Whether there is such a file with a known ending.

    Raises:
        SourceError: if not; an unfinished download is named as such.
    """
    if not path.is_file():
        raise SourceError(f"{path}: no such file")
    if path.suffix not in FORMATS:
        unfinished = path.suffix in (".part", ".partial", ".crdownload", ".incomplete", ".tmp")
        hint = "; it looks like an unfinished download, download it again" if unfinished else ""
        raise SourceError(f"{path}: unknown ending '{path.suffix}'; use one of {FORMATS}{hint}")
    with path.open("rb") as stream:
        head = stream.read(128)
    if head.startswith(b"version https://git-lfs"):
        raise SourceError(
            f"{path}: a Git LFS pointer, not the file itself; get it with git lfs pull"
        )


def with_columns(
    records: Iterable[Record], columns: Mapping[str, str], where: str
) -> Iterator[Record]:
    """The same rows, once the first has shown that it has the columns.

    Args:
        columns: config key -> column.
        where: the source, as messages name it.

    Raises:
        SourceError: a column is missing; names the config key and the columns there are.
    """
    checked = False
    for record in records:
        for key, column in columns.items():
            if not checked and column not in record:
                raise SourceError(
                    f"{where}: no column '{column}' (config key '{key}'); it has {list(record)}"
                )
        checked = True
        yield record


def rows_where(
    records: Iterable[Record], conditions: Mapping[str, Sequence[Any]], where: str
) -> Iterator[tuple[int, Record]]:
    """The rows whose columns have one of the given values, with their numbers from 1.

    Raises:
        SourceError: no row has them; names the values that there are.
    """
    kept = 0
    seen: dict[str, set[str]] = {column: set() for column in conditions}
    for number, record in enumerate(records, start=1):
        if all(record.get(column) in allowed for column, allowed in conditions.items()):
            kept += 1
            yield number, record
        elif not kept:
            for column, values in seen.items():
                if len(values) < 20:
                    values.add(repr(record.get(column))[:40])
    if conditions and not kept:
        found = "; ".join(f"{c} is {', '.join(sorted(values))}" for c, values in seen.items())
        raise SourceError(f"{where}: no row is as 'where' {dict(conditions)} asks; {found}")


def load_json(path: Path) -> Any:
    """The document of a json file.

    Raises:
        SourceError: it is not UTF-8 or not JSON.
    """
    return _parse(path, _read_text(path), None)


def _csv_records(path: Path) -> list[dict[str, Any]]:
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
        raise SourceError(f"{path}: not UTF-8 text ({error})") from error


def _parse(path: Path, text: str, line: int | None) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        where = f"line {line}: " if line else ""
        raise SourceError(f"{path}: {where}not valid JSON ({error})") from error
