"""A copy of the repository's sources in which real Snakemake runs, away from the user's results."""

import os
import re
import shutil
from pathlib import Path
from typing import Any, Self

import yaml

from workflow import warm_snakemake

REPOSITORY = Path(__file__).resolve().parents[2]
_SOURCES = (
    "Snakefile",
    "environment.yml",
    "rules",
    "workflow_scripts",
    "config",
    "profiles",
    "slurm",
)


DETERMINISTIC = (".parquet", ".csv", ".md", ".png", ".pdf", ".safetensors")


class Checkout:
    """A copy of the source tree and the configuration file that its runs are laid over."""

    def __init__(self, folder: Path, configuration: str) -> None:
        self.folder = folder
        self.configuration = configuration

    @classmethod
    def made(cls, folder: Path, configuration: str) -> Self:
        """A new one: the sources are copied into a folder that has none of their names."""
        for name in _SOURCES:
            source = REPOSITORY / name
            copy_source = shutil.copytree if source.is_dir() else shutil.copy
            copy_source(source, folder / name)
        return cls(folder, configuration)

    def copied(self, folder: Path) -> "Checkout":
        """This checkout and its results at another place, each file with its time."""
        shutil.copytree(self.folder, folder)
        return Checkout(folder, self.configuration)

    def copied_without_times(self, folder: Path) -> "Checkout":
        """The same, as a copy without times leaves it.

        A copy goes through the folders in any order; this is the worst, where what was made first
        is newest.
        """
        made = {path: path.lstat().st_mtime_ns for path in self.folder.rglob("*")}
        other = self.copied(folder)
        for number, path in enumerate(sorted(made, key=made.__getitem__, reverse=True)):
            os.utime(folder / path.relative_to(self.folder), (1.6e9 + number, 1.6e9 + number))
        return other

    def snakemake(self, *arguments: str, settings: dict[str, Any] | None = None) -> str:
        """Run Snakemake and return what it printed; the run must succeed.

        Args:
            settings: keys laid over those of the configuration file.
        """
        returncode, output = self.run(*arguments, settings=settings)
        assert returncode == 0, output[-6000:]
        return output

    def run(
        self, *arguments: str, settings: dict[str, Any] | None = None, **variables: str
    ) -> tuple[int, str]:
        """Run Snakemake, with some environment variables; its exit status and what it printed."""
        files = [self.configuration]
        if settings:
            overlay = self.folder / "overlay.yaml"
            overlay.write_text(yaml.safe_dump(settings))
            files.append(str(overlay))
        arguments += ("--configfile", *files)
        return warm_snakemake.snakemake(arguments, self.folder, os.environ | variables)

    def assert_same_results(self, other: "Checkout") -> None:
        """Every table, figure and tensor here is in the other checkout, byte for byte."""
        compared = 0
        for path in sorted((self.folder / "results").rglob("*")):
            if path.suffix in DETERMINISTIC:
                name = path.relative_to(self.folder)
                assert (other.folder / name).read_bytes() == path.read_bytes(), name
                compared += 1
        assert compared > 80

    def would_run(self, settings: dict[str, Any] | None = None, *targets: str) -> dict[str, int]:
        """Rule -> number of jobs that a run would have, without the target rules."""
        output = self.snakemake("-n", *targets, settings=settings)
        jobs = dict(re.findall(r"^(\w+) +(\d+)$", output, re.M))
        return {rule: int(n) for rule, n in jobs.items() if rule not in ("all", "total", "job")}
