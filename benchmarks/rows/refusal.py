"""What it costs to be told of a wrong configuration, beside Snakemake with nothing to do."""

import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from benchmarks.figures import Found, Goal, figure
from benchmarks.measure import in_turns, ratio, run, spread

ROOT = Path(__file__).parents[2]
DRY_RUN = [sys.executable, "-m", "snakemake", "-n", "--nolock"]
WRONG = "attack: {benchmark: {}}\n"
SAID = "did you mean 'benchmarks'"


def refused(folder: Path) -> None:
    """A dry run of the workflow with a key that is misspelt.

    Raises:
        RuntimeError: it is not refused for that; with what was said.
    """
    overlay = folder / "wrong.yaml"
    overlay.write_text(WRONG)
    command = [*DRY_RUN, "--configfile", str(overlay)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode == 0 or SAID not in done.stdout + done.stderr:
        raise RuntimeError(f"{' '.join(command)}\n{done.stdout}\n{done.stderr}")


def nothing_to_do(folder: Path) -> str:
    """A dry run of a Snakefile whose one rule asks for nothing."""
    (folder / "Snakefile").write_text("rule all:\n")
    return run(DRY_RUN, folder)


def measured(manifest: Path | None) -> Found:
    """The row."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        turns = in_turns({"ours": partial(refused, folder), "bare": partial(nothing_to_do, folder)})
    of = partial(figure, "refusal")
    return Found(
        [
            of(
                "a misspelt key",
                ratio(turns["ours"], turns["bare"]),
                "x",
                Goal(at_most=1.5),
                baseline="Snakemake with nothing to do",
            ),
            of("a misspelt key, seconds", spread(turns["ours"]), "s"),
        ]
    )
