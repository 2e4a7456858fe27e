"""Runs stages' scripts in this process."""

import json
import runpy
import sys
from pathlib import Path
from typing import Any

SCRIPTS = Path(__file__).parents[1] / "workflow_scripts"


def run_stage(folder: Path, name: str, settings: Any, **files: Any) -> None:
    """Run a stage; its settings are written into a folder."""
    arguments = [name]
    if settings:
        given = folder / f"{name}.settings.json"
        given.write_text(json.dumps(settings))
        arguments += ["--settings", str(given)]
    for option, value in files.items():
        arguments += [f"--{option}", *map(str, value if isinstance(value, list) else [value])]
    before, sys.argv = sys.argv, arguments
    try:
        runpy.run_path(str(SCRIPTS / f"{name}.py"), run_name="__main__")
    finally:
        sys.argv = before
