"""How much a stage without a model computes before its first line: imports, and its arguments."""

import sys
from functools import partial
from pathlib import Path

from benchmarks.figures import Found, Goal, figure
from benchmarks.measure import in_turns, ratio, run, spread

ROOT = Path(__file__).parents[2]
STAGES = ("score", "attack_success", "paper_tables")
WHOLE = """
import importlib, pkgutil, safeneuron
for module in pkgutil.walk_packages(safeneuron.__path__, "safeneuron."):
    importlib.import_module(module.name)
"""


def first_line(stage: str) -> str:
    """What a stage's script says when it is asked for help: all is imported then."""
    return run([sys.executable, f"workflow_scripts/{stage}.py", "--help"], ROOT)


def whole_library() -> str:
    """Every module of the library imported."""
    return run([sys.executable, "-c", WHOLE], ROOT, PYTHONPATH="workflow_scripts")


def measured(manifest: Path | None) -> Found:
    """The row."""
    works = {stage: partial(first_line, stage) for stage in STAGES}
    turns = in_turns({**works, "whole": whole_library})
    of = partial(figure, "light_stage")
    return Found(
        [
            one
            for stage in STAGES
            for one in (
                of(f"`{stage}`, to its first line", spread(turns[stage]), "s", Goal(at_most=0.3)),
                of(
                    f"`{stage}`, share of the whole",
                    ratio(turns[stage], turns["whole"]),
                    "x",
                    baseline="`import safeneuron` whole",
                ),
            )
        ]
    )
