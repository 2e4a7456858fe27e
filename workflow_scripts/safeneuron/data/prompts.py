"""Prompt tables: one a dataset, with the columns of `PROMPTS`."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from safeneuron.artifacts.tables import BYTES, TEXT, read_table, schema, write_rows
from safeneuron.settings import Section

PROMPTS = schema(
    prompt_id=TEXT,
    cluster=TEXT,  # equal for variants of one request, which are no independent evidence
    dataset=TEXT,
    category=TEXT,
    split=TEXT,
    text=TEXT,  # the question, which judges read
    image=BYTES,  # a file that Pillow reads; null for none
    instruction=TEXT,  # what is asked where the image shows the text; null: the text is asked
)


class Rows(Section):
    """Which rows of prompt tables a prompt set takes: of one split, all categories if None."""

    split: str
    categories: list[str] | None


def select_prompts(
    path: Path, split: str | None = None, categories: Sequence[str] | None = None
) -> pa.Table:
    """The prompts of a split (or all) and of some categories (or all), in table order."""
    return select(read_table(path, PROMPTS), split, categories)


def select(
    table: pa.Table, split: str | None = None, categories: Sequence[str] | None = None
) -> pa.Table:
    """`select_prompts` of a table that has been read."""
    if split is not None:
        table = table.filter(pc.equal(table["split"], split))
    if categories is not None:
        table = table.filter(pc.is_in(table["category"], pa.array(categories)))
    return table


def selected_rows(paths: Sequence[Path], rows: Rows) -> list[dict[str, Any]]:
    """The rows that a prompt set takes of some tables, table after table."""
    tables = (select_prompts(path, rows.split, rows.categories) for path in paths)
    return [row for table in tables for row in table.to_pylist()]


def selected_texts(paths: Sequence[Path], rows: Rows) -> list[str]:
    """The texts of `selected_rows`."""
    return [row["text"] for row in selected_rows(paths, rows)]


def prompt_tables(paths: Sequence[Path]) -> dict[str, pa.Table]:
    """Data set -> its prompt table; a table says itself of which data set it is.

    Raises:
        ValueError: a table holds the prompts of none or of several data sets, or two of one.
    """
    tables: dict[str, pa.Table] = {}
    for path in paths:
        table = read_table(path, PROMPTS)
        names = pc.unique(table["dataset"]).to_pylist()
        if len(names) != 1 or names[0] in tables:
            raise ValueError(f"{path}: holds the prompts of {names}, beside {list(tables)}")
        tables[names[0]] = table
    return tables


def question(text: str, image: bytes | None) -> str:
    """What makes a prompt another one than the next: its text, and the image that it is about."""
    return text if image is None else f"{text} {hashlib.sha256(image).hexdigest()}"


def question_of(row: Mapping[str, Any]) -> str:
    """`question` of a row of `PROMPTS`; an image that shows the text adds nothing to it."""
    return question(row["text"], row["image"] if row["instruction"] is None else None)


def cluster_of(*shared: str) -> str:
    """The opaque name of a cluster: a digest of what its prompts share, and no text of theirs."""
    return hashlib.sha256("\0".join(shared).encode()).hexdigest()[:16]


def write_prompts(path: Path, dataset: str, rows: Sequence[Mapping[str, Any]]) -> int:
    """Write a dataset's rows (all columns but the dataset's name); returns their number.

    Rows of text alone may leave out the columns `image` and `instruction`. A row without `cluster`
    is a cluster of its own, named by its id.
    """
    constant = {"dataset": dataset, "image": None, "instruction": None}
    whole = [{**constant, "cluster": row["prompt_id"], **row} for row in rows]
    write_rows(path, PROMPTS, whole)
    return len(rows)
