"""Real Snakemake runs of the repository's workflow, laid over the smallest configuration."""

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class DryRun:
    """What `snakemake -n` said and how long it took."""

    returncode: int
    output: str
    seconds: float

    @property
    def jobs(self) -> dict[str, int]:
        """Rule -> number of jobs, from the table of job stats."""
        return {rule: int(n) for rule, n in re.findall(r"^(\w+) +(\d+)$", self.output, re.M)}


@pytest.fixture
def results() -> Iterator[Path]:
    """The results folder of an experiment that only this test has; it does not exist yet."""
    folder = REPOSITORY / "results" / f"test-{uuid4().hex}"
    yield folder
    if folder.is_dir():
        shutil.rmtree(folder)
    folder.unlink(missing_ok=True)


@pytest.fixture
def dry_run(tmp_path: Path, results: Path) -> Callable[..., DryRun]:
    """Runs `snakemake -n` with some settings, and options, over the smallest experiment."""

    def run(settings: dict[str, Any], *options: str) -> DryRun:
        overlay = tmp_path / "settings.yaml"
        overlay.write_text(yaml.safe_dump({"experiment": results.name, **settings}))
        command = [sys.executable, "-m", "snakemake", "-n", "--nolock"]
        command += ["--configfile", "config/test/smallest.yaml", str(overlay), *options]
        start = time.monotonic()
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=120)
        return DryRun(done.returncode, done.stdout + done.stderr, time.monotonic() - start)

    return run
