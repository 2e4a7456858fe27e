"""Settings and fixtures that all tests share."""

import os

os.environ["HF_HUB_OFFLINE"] = "1"  # before transformers is imported: no test downloads anything

import pytest
import torch
from hypothesis import settings

from safeneuron.organism.tokenizer import build_tokenizer

torch.set_num_threads(1)
settings.register_profile(
    "repeatable", max_examples=60, deadline=None, derandomize=True, database=None
)
settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def tokenizer():
    """The organism's tokenizer; tests do not change it."""
    return build_tokenizer()
