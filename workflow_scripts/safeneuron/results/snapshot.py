"""An experiment's tables and figures as they are kept in git, with the machine that made them."""

import json
import platform
import shutil
from collections.abc import Sequence
from pathlib import Path

from pyarrow import compute, csv

from safeneuron.artifacts.files import replacing
from safeneuron.artifacts.versions import installed
from safeneuron.results.counts import OVERALL
from safeneuron.settings import Section

MACHINE = "machine.json"
LARGE = "attack_success.csv"
"""Kept without its rows of single categories, nine tenths of it."""


class SnapshotSettings(Section):
    """Settings of `snapshot`: the experiment's folder, below which files keep their places."""

    folder: Path


def copy_results(files: Sequence[Path], folder: Path, out: Path) -> None:
    """Copy files of an experiment, and say what machine it is; all of them or none.

    The same seed trains another organism on another processor, so that numbers name theirs.

    Args:
        files: below `folder`; they lie alike below `out`.
    """
    with replacing(out) as scratch:
        for path in files:
            copy = scratch / path.relative_to(folder)
            copy.parent.mkdir(parents=True, exist_ok=True)
            if path.name == LARGE:
                _whole_benchmarks(path, copy)
            else:
                shutil.copyfile(path, copy)
        (scratch / MACHINE).write_text(json.dumps(machine(), indent=1) + "\n", encoding="utf-8")


def machine() -> dict[str, str]:
    """Processor, Python and model libraries of this machine."""
    return {"processor": _processor(), "python": platform.python_version(), **installed()}


def _whole_benchmarks(path: Path, out: Path) -> None:
    table = csv.read_csv(path)
    csv.write_csv(table.filter(compute.equal(table["category"], OVERALL)), out)


def _processor() -> str:
    """The processor's name, as Linux gives it; `platform` knows its architecture alone."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
