"""Prompt tables: one a dataset, with the columns of `PROMPTS`."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from safeneuron.artifacts.tables import BYTES, TEXT, read_table, schema, write_rows
from safeneuron.data.images import whole_image
from safeneuron.data.sources import FileSource, Prompt, read_prompts
from safeneuron.errors import SourceError

PROMPTS = schema(
    prompt_id=TEXT,
    dataset=TEXT,
    category=TEXT,
    split=TEXT,
    text=TEXT,  # the question, which judges read
    image=BYTES,  # a file that Pillow reads; null for none
    instruction=TEXT,  # what is asked where the image shows the text; null: the text is asked
)


def write_file_prompts(path: Path, dataset: str, source: FileSource) -> int:
    """Write the prompt table of a user's file; returns the number of prompts."""
    return write_prompts(path, dataset, prompt_rows(read_prompts(source)))


def check_categories(prompts: Sequence[Prompt], declared: Sequence[str], where: str) -> None:
    """Whether prompts that were downloaded have the categories that jobs were planned for.

    Raises:
        SourceError: names those that are missing and those that were not declared.
    """
    found = {prompt.category for prompt in prompts}
    missing, unknown = set(declared) - found, found - set(declared)
    if missing or unknown:
        raise SourceError(
            f"{where}: its categories are {', '.join(sorted(found))}; "
            f"the config key 'categories' lacks {sorted(unknown)} and has {sorted(missing)} too "
            "much; correct it, or leave rows out with 'where'"
        )


def prompt_rows(prompts: Sequence[Prompt]) -> list[dict[str, Any]]:
    """Prompts as rows for `write_prompts`, with their images read.

    Raises:
        SourceError: an image is damaged; names the prompt.
    """
    return [
        {
            "prompt_id": p.id,
            "category": p.category,
            "split": p.split,
            "text": p.text,
            "image": None if p.image is None else whole_image(p.image, f"prompt '{p.id}'"),
        }
        for p in prompts
    ]


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


def question(text: str, image: bytes | None) -> str:
    """What makes a prompt another one than the next: its text, and the image that it is about."""
    return text if image is None else f"{text} {hashlib.sha256(image).hexdigest()}"


def question_of(row: Mapping[str, Any]) -> str:
    """`question` of a row of `PROMPTS`; an image that shows the text adds nothing to it."""
    return question(row["text"], row["image"] if row["instruction"] is None else None)


def benchmark_texts(
    paths: Sequence[Path], datasets: Mapping[str, str]
) -> dict[str, dict[str, str]]:
    """Benchmark -> prompt id -> text.

    Args:
        paths: prompt tables, each named as its dataset.
        datasets: benchmark -> dataset.
    """
    tables = {path.stem: path for path in paths}
    return {benchmark: texts_by_id(tables[name]) for benchmark, name in datasets.items()}


def write_prompts(path: Path, dataset: str, rows: Sequence[Mapping[str, Any]]) -> int:
    """Write a dataset's rows (all columns but the dataset's name); returns their number.

    Rows of text alone may leave out the columns `image` and `instruction`.
    """
    constant = {"dataset": dataset, "image": None, "instruction": None}
    write_rows(path, PROMPTS, [{**constant, **row} for row in rows])
    return len(rows)
