"""Prompt tables: one a dataset, with the columns of `PROMPTS`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from safeneuron.data.sources import FileSource, read_prompts
from safeneuron.tables import TEXT, read_table, schema, write_rows

PROMPTS = schema(prompt_id=TEXT, dataset=TEXT, category=TEXT, split=TEXT, text=TEXT)


def write_file_prompts(
    path: Path, dataset: str, source: FileSource, provenance: Mapping[str, Any]
) -> int:
    """Write the prompt table of a user's file; returns the number of prompts."""
    prompts = read_prompts(source)
    rows = [
        {"prompt_id": p.id, "category": p.category, "split": p.split, "text": p.text}
        for p in prompts
    ]
    return write_prompts(path, dataset, rows, provenance)


def select_prompts(
    path: Path, split: str | None = None, categories: Sequence[str] | None = None
) -> pa.Table:
    """The prompts of a split (or all) and of some categories (or all), in table order."""
    table = read_table(path, PROMPTS)
    if split is not None:
        table = table.filter(pc.equal(table["split"], split))
    if categories is not None:
        table = table.filter(pc.is_in(table["category"], pa.array(categories)))
    return table


def texts_by_id(path: Path) -> dict[str, str]:
    """Prompt id -> text of a whole prompt table."""
    table = read_table(path, PROMPTS)
    return dict(zip(table["prompt_id"].to_pylist(), table["text"].to_pylist(), strict=True))


def write_prompts(
    path: Path, dataset: str, rows: list[dict[str, str]], provenance: Mapping[str, Any]
) -> int:
    """Write a dataset's rows (all columns but the dataset's name); returns their number."""
    write_rows(path, PROMPTS, [{"dataset": dataset, **row} for row in rows], provenance)
    return len(rows)
