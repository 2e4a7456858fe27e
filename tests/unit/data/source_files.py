"""Files of users' prompts in every format, their entries in a configuration, and their faults."""

import csv
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from safeneuron.data.prompt_settings import FileDataset
from safeneuron.data.sources import read_prompts
from safeneuron.errors import SourceError

RECORDS = [
    {"id": "q-1", "text": 'Say "no", please', "category": "Hate/Harass"},
    {"id": "q-2", "text": "first line\nsecond line", "category": "Fraud"},
    {"id": "q-3", "text": "¿Dónde está? 日本語 🙂", "category": "Hate/Harass"},
]


def write_csv(path: Path, rows) -> Path:
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows(rows)
    return path


def write_records(path: Path, records) -> Path:
    """In the format of the path's ending, as a user's own program would."""
    if path.suffix == ".csv":
        return write_csv(path, [records[0], *(record.values() for record in records)])
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(records), path)
    elif path.suffix == ".jsonl":
        lines = [json.dumps(record, ensure_ascii=False) for record in records]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    else:
        path.write_text(json.dumps(records, ensure_ascii=False, indent=2), encoding="utf-8")
    return path


def write_text(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def source(path: Path, **keys) -> FileDataset:
    settings = {"path": str(path), "text": "text", "category": "category"}
    return FileDataset(**settings | keys)


def nested(path: Path, **keys) -> FileDataset:
    return source(path, text=None, category=None, nested=True, **keys)


def listed(path: Path, **keys) -> FileDataset:
    return FileDataset(path=str(path), **keys)


def fault(of: FileDataset) -> str:
    """What is wrong with a source; every message starts with the file."""
    with pytest.raises(SourceError) as caught:
        read_prompts(of)
    text = str(caught.value)
    assert text.startswith(f"{of.path}: ")
    return text.removeprefix(f"{of.path}: ")
