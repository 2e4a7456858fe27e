"""Paths that a user may have: with spaces and quotes, and nothing in them is ever executed."""

import pyarrow.parquet as pq
import pytest

from workflow.checkout import Checkout

pytestmark = pytest.mark.workflow


def test_a_path_with_spaces_quotes_and_a_command_is_only_a_path(tmp_path):
    checkout = Checkout.made(tmp_path, "config/test/smallest.yaml")
    folder = checkout.folder / "my data"
    folder.mkdir()
    path = folder / 'it\'s $(touch executed) "here".csv'
    path.write_text("category,text\nfraud,first\nfraud,second\n")
    source = {"kind": "file", "path": str(path.relative_to(checkout.folder))}
    columns = {"split": "identification", "text": "text", "category": "category"}
    settings = {
        "datasets": {"mine": source | columns},
        "identification": {"unsafe": {"datasets": ["mine"], "categories": None}},
    }
    table = "results/smallest/prompts/mine.parquet"
    checkout.snakemake("--cores", "1", table, settings=settings)
    assert pq.read_table(checkout.folder / table)["text"].to_pylist() == ["first", "second"]
    assert not list(checkout.folder.rglob("executed"))
