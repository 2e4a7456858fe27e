"""Every number of README's results is a row of a table in git, which a rule has made."""

import csv
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
RESULTS = " ".join(README.partition("## What it shows")[2].partition("\n## ")[0].split())


def cell(table: str, column: str, **where: str) -> float:
    """A number of a snapshot's table, of the one row that the values of its columns name."""
    with (ROOT / "results" / table).open(encoding="utf-8", newline="") as lines:
        rows = [
            row
            for row in csv.DictReader(lines)
            if all(row[name] == value for name, value in where.items())
        ]
    assert len(rows) == 1, f"{len(rows)} rows of {table} with {where}"
    return float(rows[0][column])


def share(value: float, digits: int = 2) -> str:
    """As README writes it: without the zero before the point."""
    return f"{value:.{digits}f}".replace("0.", ".", 1)
