r"""Measures the rows, prints their table and writes it, with plots of how costs grow.

    PYTHONPATH=workflow_scripts python -m benchmarks [ROW ...] [--manifest CHECKPOINT.json]

Without names all rows are measured; with names these, and the table has the others as they were
found before. A row is a file of `benchmarks/rows`, measured in a process of its own.
"""

import argparse
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from benchmarks.figures import load, save, together
from benchmarks.row import ROWS, measured

MEMORY = {"MALLOC_MMAP_THRESHOLD_": "33554432", "MALLOC_TRIM_THRESHOLD_": "8589934592"}
"""What `rules/common.smk` sets for the workflow's jobs."""

if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of {', '.join(ROWS)}")
    parser.add_argument("--manifest", type=Path, help="of a real model, for the rows that want one")
    parser.add_argument("--out", type=Path, default=Path("results/bench"), metavar="FOLDER")
    args = parser.parse_args()
    if unknown := set(args.rows) - set(ROWS):
        parser.error(f"no such row: {', '.join(sorted(unknown))}; there are {', '.join(ROWS)}")
    os.environ |= {"OMP_NUM_THREADS": "1", **MEMORY}
    parts = {row: args.out / "rows" / f"{row}.json" for row in ROWS}
    for row in args.rows or ROWS:
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
            save(parts[row], process.submit(measured, row, args.manifest).result())
        print(f"{row} is measured", flush=True)
    found = together(load(part) for part in parts.values() if part.exists())
    save(args.out / "figures.json", found)

    from benchmarks import plots, table  # the processes that measure need no plots

    (args.out / "table.md").write_text(table.markdown(found), encoding="utf-8")
    plots.draw(found.curves, args.out / "scaling.png")
    print(table.markdown(found))
