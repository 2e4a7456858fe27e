import csv
import hashlib
import json

import numpy as np
import pyarrow as pa
import pytest

from safeneuron.artifacts.provenance import provenance, read_provenance, write_provenance
from safeneuron.artifacts.tables import (
    FLAG,
    INDEX,
    REAL,
    SCHEMA_VERSION,
    TEXT,
    read_about,
    read_table,
    read_tables,
    schema,
    write_columns,
    write_csv,
    write_rows,
)
from safeneuron.errors import CorruptFileError

NEURON_SET = schema(layer=INDEX, neuron=INDEX, by_es=FLAG, by_sas=FLAG)
OTHERS = {
    "a column more": schema(layer=INDEX, neuron=INDEX, by_es=FLAG, by_sas=FLAG, score=REAL),
    "a column less": schema(layer=INDEX, neuron=INDEX, by_es=FLAG),
    "another order": schema(neuron=INDEX, layer=INDEX, by_es=FLAG, by_sas=FLAG),
    "another name": schema(layer=INDEX, neuron=INDEX, by_es=FLAG, by_shift=FLAG),
    "another type": schema(layer=INDEX, neuron=INDEX, by_es=FLAG, by_sas=TEXT),
}

ROWS = [
    {"layer": 0, "neuron": 3, "by_es": True, "by_sas": False},
    {"layer": 1, "neuron": 0, "by_es": False, "by_sas": True},
]
COLUMNS = {"layer": [0, 1], "neuron": [3, 0], "by_es": [True, False], "by_sas": [False, True]}
SOURCE = {"code": "abc", "settings": {"b": [1, None], "a": 0.1}}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "set.parquet"


def test_rows_come_back_as_they_were_written(path):
    write_rows(path, NEURON_SET, ROWS)
    assert read_table(path, NEURON_SET).to_pylist() == ROWS


def test_columns_and_rows_give_the_same_file(tmp_path):
    write_rows(tmp_path / "rows", NEURON_SET, ROWS, SOURCE)
    columns = {name: np.array(values) for name, values in COLUMNS.items()}
    write_columns(tmp_path / "columns", NEURON_SET, columns, SOURCE)
    assert (tmp_path / "rows").read_bytes() == (tmp_path / "columns").read_bytes()


def test_an_empty_table_keeps_its_columns(path):
    write_rows(path, NEURON_SET, [])
    assert read_table(path, NEURON_SET).schema.equals(NEURON_SET)


def test_the_same_rows_written_again_give_the_same_bytes_whatever_the_order_of_keys(path):
    write_rows(path, NEURON_SET, ROWS, SOURCE)
    before = path.read_bytes()
    reversed_rows = [dict(reversed(row.items())) for row in ROWS]
    write_rows(path, NEURON_SET, reversed_rows, dict(reversed(SOURCE.items())))
    assert path.read_bytes() == before


def test_another_row_or_another_source_gives_other_bytes(path):
    contents = []
    for rows, source in ((ROWS, SOURCE), (ROWS[:1], SOURCE), (ROWS, {**SOURCE, "code": "abd"})):
        write_rows(path, NEURON_SET, rows, source)
        contents.append(path.read_bytes())
    assert len(set(contents)) == 3


def test_what_a_table_is_about_comes_back_with_the_schemas_version(path):
    write_rows(path, NEURON_SET, ROWS, SOURCE)
    assert read_about(path) == {"schema_version": SCHEMA_VERSION, **SOURCE}


def test_provenance_lies_beside_a_table_and_not_in_it(path):
    write_rows(path, NEURON_SET, ROWS)
    before = path.read_bytes()
    write_provenance(path, SOURCE)
    assert path.read_bytes() == before
    assert (path.parent / "set.parquet.provenance.json").is_file()
    assert read_provenance(path) == SOURCE


def test_provenance_holds_hashes_of_settings_and_inputs(tmp_path):
    for name in "ab":
        (tmp_path / name).write_text(name)
    hashes = {name: hashlib.sha256(name.encode()).hexdigest() for name in "ab"}
    settings = {"b": 1, "a": [2]}
    document = provenance(
        settings, {"one": tmp_path / "a", "many": [tmp_path / "a", tmp_path / "b"]}, "digest"
    )
    assert document["code"] == "digest"
    assert document["settings"] == settings
    canonical = json.dumps({"a": [2], "b": 1}).encode()
    assert document["settings_sha256"] == hashlib.sha256(canonical).hexdigest()
    assert document["inputs"] == {
        "one": hashes["a"],
        "many": hashlib.sha256((hashes["a"] + hashes["b"]).encode()).hexdigest(),
    }
    assert document["libraries"]["numpy"] == np.__version__


@pytest.mark.parametrize("change", [{"extra": 1}, {"neuron": ...}], ids=["extra", "missing"])
def test_a_row_with_other_columns_is_an_error_that_names_them(path, change):
    row = {**ROWS[0], **change}
    row = {name: value for name, value in row.items() if value is not ...}
    with pytest.raises(ValueError, match=rf"set\.parquet.*{next(iter(change))}"):
        write_rows(path, NEURON_SET, [ROWS[1], row])
    assert not path.exists()


def test_a_value_of_another_type_is_an_error_that_keeps_the_old_table(path):
    write_rows(path, NEURON_SET, ROWS)
    with pytest.raises((pa.ArrowInvalid, pa.ArrowTypeError)):
        write_rows(path, NEURON_SET, [{**ROWS[0], "layer": "first"}])
    assert read_table(path, NEURON_SET).to_pylist() == ROWS


@pytest.mark.parametrize("kept", [0, 3, 200, -1])
def test_a_truncated_table_is_an_error_that_names_the_file(path, kept):
    write_rows(path, NEURON_SET, ROWS)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(
        CorruptFileError, match=r"set\.parquet: not a readable .*moved to .*run again"
    ):
        read_table(path, NEURON_SET)
    assert not path.exists()
    assert len(path.with_name("set.parquet.corrupt").read_bytes()) >= kept


def test_a_changed_byte_in_the_data_is_found(path):
    write_rows(path, NEURON_SET, ROWS * 50)
    content = bytearray(path.read_bytes())
    content[40] ^= 1  # within the first column's pages, which decode to something without checksums
    path.write_bytes(content)
    with pytest.raises(CorruptFileError, match=r"set\.parquet: not a readable"):
        read_table(path, NEURON_SET)


def test_a_missing_table_is_an_error_that_names_the_file(path):
    with pytest.raises(CorruptFileError, match=r"set\.parquet"):
        read_table(path, NEURON_SET)


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_a_table_of_another_schema_is_an_error_that_names_file_and_columns(path, other):
    write_rows(path, NEURON_SET, ROWS)
    with pytest.raises(CorruptFileError, match=r"set\.parquet: columns .*'by_es'.* expected"):
        read_table(path, other)


def test_tables_are_read_one_after_the_other_whatever_their_provenance(tmp_path):
    paths = [tmp_path / name for name in ("b.parquet", "a.parquet")]
    for path, row in zip(paths, ROWS, strict=True):
        write_rows(path, NEURON_SET, [row], {"code": path.name})
    assert read_tables(paths, NEURON_SET).to_pylist() == ROWS


def test_csv_keeps_every_digit_and_leaves_nulls_empty(path):
    table = pa.table({"name": ["a,b", 'q"', "c\nd"], "value": [0.1 + 0.2, None, 1e-300]})
    write_csv(path, table)
    with path.open(newline="", encoding="utf-8") as stream:
        header, *rows = csv.reader(stream)
    assert header == ["name", "value"]
    assert [name for name, _ in rows] == ["a,b", 'q"', "c\nd"]
    assert [value and float(value) for _, value in rows] == [0.1 + 0.2, "", 1e-300]
