"""Settings and fixtures that all tests share."""

import os
from functools import partial

os.environ["HF_HUB_OFFLINE"] = "1"  # before transformers is imported: no test downloads anything

import pytest
import torch
from hypothesis import settings

from safeneuron.organism.tokenizer import build_tokenizer
from stages import run_stage

torch.set_num_threads(1)
settings.register_profile(
    "repeatable", max_examples=60, deadline=None, derandomize=True, database=None
)
settings.load_profile("repeatable")


@pytest.fixture
def stage(tmp_path):
    """Runs a stage's script in this process, which then has its ordinary kernels again."""
    yield partial(run_stage, tmp_path)
    torch.use_deterministic_algorithms(False)


@pytest.fixture(scope="session")
def tokenizer():
    """The organism's tokenizer; tests do not change it."""
    return build_tokenizer()
