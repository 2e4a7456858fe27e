"""Settings and fixtures that all tests share."""

import json
import os
import runpy
import sys
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"  # before transformers is imported: no test downloads anything

import pytest
import torch
from hypothesis import settings

from safeneuron.organism.tokenizer import build_tokenizer

SCRIPTS = Path(__file__).parents[1] / "workflow_scripts"
torch.set_num_threads(1)
settings.register_profile(
    "repeatable", max_examples=60, deadline=None, derandomize=True, database=None
)
settings.load_profile("repeatable")


@pytest.fixture
def stage(monkeypatch, tmp_path):
    """Runs a stage's script in this process, which then has its ordinary kernels again."""

    def run(name, settings, **files):
        arguments = [name]
        if settings:
            given = tmp_path / f"{name}.settings.json"
            given.write_text(json.dumps(settings))
            arguments += ["--settings", str(given)]
        for option, value in files.items():
            arguments += [f"--{option}", *map(str, value if isinstance(value, list) else [value])]
        monkeypatch.setattr(sys, "argv", arguments)
        runpy.run_path(str(SCRIPTS / f"{name}.py"), run_name="__main__")

    yield run
    torch.use_deterministic_algorithms(False)


@pytest.fixture(scope="session")
def tokenizer():
    """The organism's tokenizer; tests do not change it."""
    return build_tokenizer()
