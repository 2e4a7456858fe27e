"""The tables that stages exchange: Parquet with a declared schema and its provenance.

A table's bytes depend only on its rows and its provenance, so equal runs give equal files.
"""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from safeneuron.files import replacing

SCHEMA_VERSION = 1
_PROVENANCE_KEY = b"safeneuron"


def _schema(**fields: pa.DataType) -> pa.Schema:
    return pa.schema([pa.field(name, kind) for name, kind in fields.items()])


_TEXT, _COUNT, _REAL, _FLAG = pa.string(), pa.int64(), pa.float64(), pa.bool_()
_NEURON = {"layer": pa.int32(), "neuron": pa.int32()}
_STATE = {
    "model": _TEXT,
    "arm": _TEXT,
    "round": pa.int32(),
    "seed": pa.int32(),
    "gate_passed": _FLAG,  # null for a model without a validation gate
}
_CELL = {
    "level": _TEXT,  # the paper's ori, es, sas, full
    "selector": _TEXT,  # none, es, sas, full, or random: as many neurons a layer as the level's set
    "operator": _TEXT,
    "fraction": _REAL,  # of the model's neurons; null for the neuron set as identified
    "control_seed": pa.int32(),  # of the random selector; null otherwise
    "n_neurons": _COUNT,
    "benchmark": _TEXT,
}

PROMPTS = _schema(prompt_id=_TEXT, dataset=_TEXT, category=_TEXT, split=_TEXT, text=_TEXT)
PREFERENCES = _schema(pair_id=_TEXT, source=_TEXT, prompt=_TEXT, chosen=_TEXT, rejected=_TEXT)
SCORES = _schema(
    **_NEURON, effect_size=_REAL, shift=_REAL, shift_z=_REAL, mean_unsafe=_REAL, mean_safe=_REAL
)
NEURON_SET = _schema(**_NEURON, by_es=_FLAG, by_sas=_FLAG)
RESPONSES = _schema(
    **_CELL, category=_TEXT, prompt_id=_TEXT, response=_TEXT, tokens=_COUNT, finish=_TEXT
)
VERDICTS = _schema(
    **_CELL, category=_TEXT, prompt_id=_TEXT, judge=_TEXT, verdict=_TEXT, exact=_FLAG, reason=_TEXT
)
ATTACK_SUCCESS = _schema(
    **_STATE,
    attack=_TEXT,
    pooling=_TEXT,
    set_source=_TEXT,
    **_CELL,
    category=_TEXT,
    judge=_TEXT,
    n_prompts=_COUNT,
    n_harmful=_COUNT,
    asr=_REAL,
    asr_low=_REAL,
    asr_high=_REAL,
    complied=_REAL,
    refused=_REAL,
    broken=_REAL,
    utility=_REAL,  # safe prompts answered exactly under the same attack; null without an oracle
    over_refusal=_REAL,  # safe prompts refused under the same attack
    coherent=_REAL,  # safe prompts whose response is not broken under the same attack
)
TRAINING = _schema(
    **_STATE, step=_COUNT, loss=_REAL, gradient_norm=_REAL, learning_rate=_REAL, margin=_REAL,
    accuracy=_REAL, chosen_logp=_REAL, rejected_logp=_REAL,
)  # fmt: skip
COMPOSITION = _schema(
    **_STATE, selection=_TEXT, dataset=_TEXT, layer=pa.int32(), neurons=_COUNT,
    core=_COUNT, shared=_COUNT, specific=_COUNT,
)  # fmt: skip
DEPTH_PROFILE = _schema(
    **_STATE, selection=_TEXT, layer=pa.int32(), depth=_REAL, neurons=_COUNT, selected=_COUNT,
    fraction=_REAL,
)  # fmt: skip
OVERLAP = _schema(
    **_STATE, selection=_TEXT, dataset=_TEXT, measure=_TEXT, k=pa.int32(), subsets=_COUNT,
    mean=_REAL, sd=_REAL, low=_REAL, high=_REAL,
    null_mean=_REAL, null_low=_REAL, null_high=_REAL, null_draws=_COUNT,
)  # fmt: skip


class CorruptTableError(ValueError):
    """A table cannot be read or has other columns than declared; the message names the file."""


def write_rows(
    path: Path,
    schema: pa.Schema,
    rows: Sequence[Mapping[str, Any]],
    provenance: Mapping[str, Any],
) -> None:
    """`write_columns` for rows given as mappings with exactly the schema's names as keys."""
    names = set(schema.names)
    for row in rows:
        if row.keys() != names:
            raise ValueError(f"{path.name}: a row differs from the schema in {row.keys() ^ names}")
    write_columns(path, schema, {name: [r[name] for r in rows] for name in names}, provenance)


def write_columns(
    path: Path, schema: pa.Schema, columns: Mapping[str, Any], provenance: Mapping[str, Any]
) -> None:
    """Write a whole table or nothing.

    Args:
        columns: name -> values, an array or a list.
        provenance: what the table was made from; JSON-serialisable, stored in the file's metadata.
    """
    document = json.dumps({"schema_version": SCHEMA_VERSION, **provenance}, sort_keys=True)
    arrays = [pa.array(columns[field.name], type=field.type) for field in schema]
    table = pa.Table.from_arrays(
        arrays, schema=schema.with_metadata({_PROVENANCE_KEY: document.encode()})
    )
    with replacing(path) as scratch:
        pq.write_table(table, scratch, compression="zstd")


def read_table(path: Path, schema: pa.Schema) -> pa.Table:
    """Read a table and check its columns.

    Raises:
        CorruptTableError: the file is unreadable, truncated, or not a table of this schema.
    """
    try:
        table = pq.read_table(path, partitioning=None)
    except (pa.ArrowInvalid, OSError) as error:
        raise CorruptTableError(
            f"{path}: not a readable Parquet table ({error}); delete it and run again"
        ) from error
    if not table.schema.equals(schema):
        raise CorruptTableError(
            f"{path}: columns {table.schema.names} where {schema.names} were expected; "
            "it was written by another version or is another table; delete it and run again"
        )
    return table


def read_tables(paths: Sequence[Path], schema: pa.Schema) -> pa.Table:
    """The rows of several tables of one schema, in order."""
    return pa.concat_tables(read_table(path, schema).replace_schema_metadata() for path in paths)


def read_provenance(path: Path) -> dict[str, Any]:
    """The provenance that a table was written with."""
    metadata = pq.read_schema(path).metadata or {}
    return json.loads(metadata.get(_PROVENANCE_KEY, b"{}"))


def write_csv(path: Path, table: pa.Table) -> None:
    """Write a table as CSV, whole or not at all; floats keep all their digits."""
    with replacing(path) as scratch, scratch.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(table.column_names)
        writer.writerows(
            ["" if value is None else value for value in row.values()] for row in table.to_pylist()
        )
