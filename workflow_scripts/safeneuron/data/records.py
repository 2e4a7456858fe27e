"""Rows of users' files: csv, json, jsonl and parquet as one mapping a row.

Errors name the file, what is there instead, and what to do.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from safeneuron.errors import SourceError
from safeneuron.settings import near_miss

FORMATS = (".csv", ".json", ".jsonl", ".parquet")
_UNFINISHED = (".part", ".partial", ".crdownload", ".incomplete", ".tmp")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")

Record = Mapping[str, Any]


def file_records(path: Path) -> list[dict[str, Any]]:
    """All rows of a file; every cell of a csv is text, so ids keep their zeros.

    Raises:
        SourceError: no such file, unknown ending, not readable, no rows, rows without columns.
    """
    rows = file_rows(path)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise SourceError(
            f"{path}: rows with named columns are needed, a list of objects (found: {shape(rows)})"
        )
    return rows


def file_rows(path: Path) -> Any:
    """What a file holds: a list of rows that is not empty, or another document of a json file.

    Raises:
        SourceError: no such file, unknown ending, not readable, no rows.
    """
    check_file(path)
    try:
        if path.suffix == ".csv":
            rows: Any = _csv_records(path)
        elif path.suffix == ".parquet":
            rows = pyarrow.parquet.read_table(path).to_pylist()
        elif path.suffix == ".jsonl":
            lines = read_text(path).split("\n")
            rows = [_parse(path, line, n) for n, line in enumerate(lines, 1) if line.strip()]
        else:
            rows = _parse(path, read_text(path), None)
    except pa.ArrowInvalid as error:
        raise SourceError(f"{path}: not a readable {path.suffix[1:]} file ({error})") from error
    if rows == []:
        raise SourceError(f"{path}: no rows in it")
    return rows


def shape(document: Any) -> str:
    """What a document is, for messages: no text of it but an object's keys."""
    if isinstance(document, dict):
        keys = ", ".join(f"'{key}'"[:40] for key in list(document)[:5])
        return f"an object with the keys {keys}" + (", ..." if len(document) > 5 else "")
    if isinstance(document, list):
        kinds = dict.fromkeys(_KINDS.get(type(item), type(item).__name__) for item in document)
        return f"a list of {' and '.join(kinds)}"
    return _KINDS.get(type(document), type(document).__name__)


_KINDS: Mapping[type, str] = {
    **{dict: "objects", list: "lists", str: "strings", int: "numbers", float: "numbers"},
    **{bool: "flags", type(None): "nothing"},
}


def check_file(path: Path) -> None:
    """Raise unless there is such a file, with a known ending and something in it.

    Raises:
        SourceError: there is none; an unfinished download is named as such.
    """
    if not path.is_file():
        raise SourceError(f"{path}: {_missing(path)}")
    if path.suffix not in FORMATS:
        hint = "; it looks like an unfinished download, download it again"
        raise SourceError(
            f"{path}: unknown ending '{path.suffix}'; use one of {', '.join(FORMATS)}"
            + (hint if path.suffix in _UNFINISHED else "")
        )
    try:
        with path.open("rb") as stream:
            head = stream.read(128)
    except OSError as error:
        raise SourceError(f"{path}: cannot be read ({error.strerror})") from error
    if not head:
        raise SourceError(f"{path}: the file is empty (0 bytes); write or download it again")
    if head.startswith(b"version https://git-lfs"):
        raise SourceError(
            f"{path}: a Git LFS pointer, not the file itself; get it with git lfs pull"
        )


def _missing(path: Path) -> str:
    if path.is_dir():
        return "a folder, not a file; name a file in it"
    names = [p.name for p in path.parent.iterdir() if p.is_file()] if path.parent.is_dir() else []
    if near := near_miss(path.name, names):
        return f"no such file{near}"
    looked = "" if path.is_absolute() else f"; a relative path starts at {Path.cwd()}"
    return f"no such file{looked}"


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
                    f"{near_miss(column, record)}{_other_separator(record)}"
                )
        checked = True
        yield record


def _other_separator(record: Record) -> str:
    """What to do with the only column of a csv whose cells another sign separates."""
    (only, *others) = map(str, record) if record else [""]
    found = [name for sign, name in ((";", "semicolons"), ("\t", "tabs")) if sign in only]
    if others or not found:
        return ""
    return f"; its cells seem to be separated by {found[0]}, save it with commas"


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


def _csv_records(path: Path) -> list[dict[str, Any]]:
    read_text(path)  # says how to mend another encoding
    parse = pyarrow.csv.ParseOptions(newlines_in_values=True)
    with pyarrow.csv.open_csv(path, parse_options=parse) as reader:
        columns = reader.schema.names
    convert = pyarrow.csv.ConvertOptions(
        column_types=dict.fromkeys(columns, pa.string()), strings_can_be_null=False
    )
    return pyarrow.csv.read_csv(path, parse_options=parse, convert_options=convert).to_pylist()


def read_text(path: Path) -> str:
    """The text of a file, without a byte order mark.

    Raises:
        SourceError: it is not UTF-8.
    """
    data = path.read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        found = "UTF-16" if data.startswith(_UTF_16) else str(error)
        raise SourceError(
            f"{path}: not UTF-8 text ({found}); save it as UTF-8 (a spreadsheet: 'CSV UTF-8')"
        ) from error


def _parse(path: Path, text: str, line: int | None) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        where = f"line {line}: " if line else ""
        raise SourceError(
            f"{path}: {where}not valid JSON ({error}){_wrong_ending(path, text, line)}"
        ) from error


def _wrong_ending(path: Path, text: str, line: int | None) -> str:
    """What to do with one kind of json under the other's ending."""
    if line is None and text.lstrip()[:1] in "{[" and _is_json(text.strip().split("\n")[0]):
        return "; with one object a line its ending is .jsonl"
    if line == 1 and text.strip() in ("[", "{"):
        return "; with one list over many lines its ending is .json"
    return ""


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except json.JSONDecodeError:
        return False
    return True
