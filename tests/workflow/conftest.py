"""Real Snakemake runs of the repository's workflow, laid over the smallest configuration."""

import fcntl
import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml

from workflow import warm_snakemake
from workflow.checkout import REPOSITORY, Checkout

SMALLEST = "config/test/smallest.yaml"


@pytest.fixture(scope="session")
def smallest(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout in which the smallest experiment has run on two cores, once for all workers.

    It stays as it is: what changes something takes a copy.
    """
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    checkout, complete = Checkout(folder / "smallest", SMALLEST), folder / "smallest.complete"
    with (folder / "smallest.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not complete.exists():
            checkout.folder.mkdir()
            Checkout.made(checkout.folder, SMALLEST).snakemake("--cores", "2")
            complete.touch()
    return checkout


@pytest.fixture(scope="module")
def finished(smallest: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A copy of the smallest experiment's run, for the tests of one file alone."""
    return smallest.copied(tmp_path_factory.mktemp("finished") / "checkout")


@dataclass(frozen=True)
class DryRun:
    """What `snakemake -n` said."""

    returncode: int
    output: str

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
        arguments = ["-n", "--nolock", "--configfile", SMALLEST, str(overlay), *options]
        return DryRun(*warm_snakemake.snakemake(arguments, REPOSITORY, os.environ))

    return run
