"""What a dry run of the workflow costs beside a bare Snakefile of as many jobs."""

import re
import sys
import tempfile
from functools import partial
from pathlib import Path

import yaml
from benchmarks.figures import Found, Goal, figure
from benchmarks.measure import in_turns, ratio, run, spread

ROOT = Path(__file__).parents[2]
SEEDS = 15  # of some 170 jobs each; 60 are 10,000 jobs, and 70 s of both together
DRY_RUN = [sys.executable, "-m", "snakemake", "-n", "-q", "rules"]
BARE = """
rule all:
    input:
        expand("made/{{number}}.txt", number=range({files})),

rule one:
    output:
        "made/{{number}}.txt",
    shell:
        "touch {{output}}"
"""


def of_workflow(seeds: int, folder: Path) -> str:
    """A dry run of the workflow with so many seeds, nothing of which is there."""
    overlay = folder / f"{seeds}-seeds.yaml"
    overlay.write_text(
        yaml.safe_dump(
            {
                "experiment": "scaling",
                "seeds": list(range(seeds)),
                "run": {"models": ["organism"], "aligned": ["organism"], "arms": ["dpo", "freeze"]},
            }
        )
    )
    return run([*DRY_RUN, "--configfile", str(overlay)], ROOT)


def of_bare_snakefile(number: int, folder: Path) -> str:
    """A dry run of one rule for so many jobs, the target rule's among them."""
    (folder / "Snakefile").write_text(BARE.format(files=number - 1))
    return run(DRY_RUN, folder)


def jobs(dry_run: str) -> int:
    """How many jobs a dry run counted."""
    return int(re.search(r"^total +(\d+)$", dry_run, re.M).group(1))


def measured(manifest: Path | None) -> Found:
    """The row."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        number = jobs(of_workflow(SEEDS, folder))
        assert jobs(of_bare_snakefile(number, folder)) == number
        turns = in_turns(
            {
                "ours": partial(of_workflow, SEEDS, folder),
                "bare": partial(of_bare_snakefile, number, folder),
            }
        )
    of = partial(figure, "dag")
    return Found(
        [
            of(
                f"`snakemake -n`, {number:,} jobs",
                ratio(turns["ours"], turns["bare"]),
                "x",
                Goal(at_most=1.5),
                baseline="a bare Snakefile of as many jobs",
            ),
            of(f"`snakemake -n`, {number:,} jobs, seconds", spread(turns["ours"]), "s"),
        ]
    )
