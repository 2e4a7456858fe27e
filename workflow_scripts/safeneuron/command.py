"""The command line that all stage scripts share: named files in, named files out, settings as JSON.

A script can be run by hand, without Snakemake:
`python workflow_scripts/score.py --unsafe a.safetensors --safe b.safetensors --out s.parquet
--settings '{"pooling": "meanabs"}'`.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from safeneuron import logs
from safeneuron.artifacts.provenance import provenance


class StageArguments(argparse.Namespace):
    """Parsed arguments: a `Path` (or list of them) a file, and `settings` as a dictionary."""

    settings: dict[str, Any]
    code: str

    def provenance(self, *inputs: str) -> dict[str, Any]:
        """What the stage's result is made from, given the names of its input files' options."""
        return provenance(self.settings, {name: getattr(self, name) for name in inputs}, self.code)


def stage_arguments(
    description: str | None,
    *files: str,
    many: Sequence[str] = (),
    argv: Sequence[str] | None = None,
) -> StageArguments:
    """Parse a stage's command line and configure logging.

    Args:
        description: the script's docstring.
        files: names of options that take one path each.
        many: names of options that take any number of paths.
        argv: the arguments; the process's own if None.
    """
    parser = argparse.ArgumentParser(description=description)
    for name in files:
        parser.add_argument(f"--{name}", type=Path, required=True, metavar="FILE")
    for name in many:
        parser.add_argument(f"--{name}", type=Path, nargs="*", required=True, metavar="FILE")
    parser.add_argument(
        "--settings", type=json.loads, default={}, metavar="JSON", help="the stage's config keys"
    )
    parser.add_argument("--code", default="", help="digest of the stage's source code")
    logs.configure()
    return parser.parse_args(argv, namespace=StageArguments())
