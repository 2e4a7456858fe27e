"""Measures one row: a module of `benchmarks.rows` with a function `measured`."""

import importlib
from pathlib import Path

from benchmarks.figures import Found, LeftOut, NotGivenError

ROWS = sorted(file.stem for file in (Path(__file__).parent / "rows").glob("*.py"))


def measured(row: str, manifest: Path | None) -> Found:
    """What a row finds; why it was left out, if it needs what is not given.

    Args:
        row: one of `ROWS`.
        manifest: of a real model, for rows that want one.
    """
    try:
        return importlib.import_module(f"benchmarks.rows.{row}").measured(manifest)
    except NotGivenError as error:
        return Found(left_out=[LeftOut(row, str(error))])
