"""The tables that stages exchange: Parquet with a declared schema.

A table's bytes depend on its rows and on what it says it is of (`about`) alone, so equal results
are equal files; what they were made from lies beside (`artifacts.provenance`).
"""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from safeneuron.artifacts.files import replacing, set_aside
from safeneuron.errors import CorruptFileError

SCHEMA_VERSION = 1
_ABOUT_KEY = b"safeneuron"


TEXT, COUNT, REAL, FLAG, INDEX = pa.string(), pa.int64(), pa.float64(), pa.bool_(), pa.int32()
BYTES = pa.binary()


def schema(**fields: pa.DataType) -> pa.Schema:
    """A schema from column names and types."""
    return pa.schema([pa.field(name, kind) for name, kind in fields.items()])


STATE = {"model": TEXT, "arm": TEXT, "round": INDEX, "seed": INDEX}
"""The columns that say which model state a row is about."""

GATED_STATE = {**STATE, "gate": TEXT}
"""The same in tables that are read: beside it whether it passed its gate (`artifacts.gates`)."""


def write_rows(
    path: Path,
    schema: pa.Schema,
    rows: Sequence[Mapping[str, Any]],
    about: Mapping[str, Any] | None = None,
) -> None:
    """`write_columns` for rows given as mappings with exactly the schema's names as keys."""
    names = set(schema.names)
    for row in rows:
        if row.keys() != names:
            raise ValueError(f"{path.name}: a row differs from the schema in {row.keys() ^ names}")
    write_columns(path, schema, {name: [r[name] for r in rows] for name in names}, about)


def write_columns(
    path: Path,
    schema: pa.Schema,
    columns: Mapping[str, Any],
    about: Mapping[str, Any] | None = None,
) -> None:
    """Write a whole table or nothing.

    Args:
        columns: name -> values, an array or a list.
        about: what the whole table is of (state, grid, …); JSON-serialisable, in its metadata.
    """
    document = json.dumps({"schema_version": SCHEMA_VERSION, **(about or {})}, sort_keys=True)
    arrays = [pa.array(columns[field.name], type=field.type) for field in schema]
    table = pa.Table.from_arrays(
        arrays, schema=schema.with_metadata({_ABOUT_KEY: document.encode()})
    )
    with replacing(path) as scratch:
        pq.write_table(table, scratch, compression="zstd", write_page_checksum=True)


def read_table(path: Path, schema: pa.Schema) -> pa.Table:
    """Read a table and check its columns and the checksums of its pages.

    Raises:
        CorruptFileError: the file is unreadable, truncated, changed, or not a table of this
            schema; it is set aside.
    """
    try:
        table = pq.read_table(path, partitioning=None, page_checksum_verification=True)
    except (pa.ArrowInvalid, OSError) as error:
        raise CorruptFileError(
            f"{path}: not a readable Parquet table ({error}); {set_aside(path)}"
        ) from error
    if not table.schema.equals(schema):
        raise CorruptFileError(
            f"{path}: columns {table.schema.names} where {schema.names} were expected; "
            f"it was written by another version or is another table; {set_aside(path)}"
        )
    return table


def read_tables(paths: Sequence[Path], schema: pa.Schema) -> pa.Table:
    """The rows of several tables of one schema, in order."""
    return pa.concat_tables(read_table(path, schema).replace_schema_metadata() for path in paths)


def read_about(path: Path) -> dict[str, Any]:
    """What a whole table is of, as it was written with."""
    metadata = pq.read_schema(path).metadata or {}
    return json.loads(metadata.get(_ABOUT_KEY, b"{}"))


def write_csv(path: Path, table: pa.Table) -> None:
    """Write a table as CSV, whole or not at all; floats keep all their digits."""
    with replacing(path) as scratch, scratch.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(table.column_names)
        writer.writerows(
            ["" if value is None else value for value in row.values()] for row in table.to_pylist()
        )
