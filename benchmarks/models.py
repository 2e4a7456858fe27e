"""The models that rows run: a random one of the organism's shape, or a checkpoint's."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from safeneuron.models.checkpoint import load_checkpoint
from safeneuron.organism.architecture import build_model
from safeneuron.organism.settings import OrganismModel
from safeneuron.organism.tokenizer import build_tokenizer


class Runnable(NamedTuple):
    """A model in evaluation mode, its tokenizer, and what a table calls it."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    name: str


def organism(**shape: int) -> Runnable:
    """A random one whose logits differ as after training, in float32, on one thread.

    Args:
        shape: what is otherwise than the default organism has it.
    """
    torch.set_num_threads(1)
    tokenizer = build_tokenizer()
    model = build_model(OrganismModel(**shape), tokenizer, 0).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 2:
                parameter.normal_(std=0.3)
    return Runnable(model, tokenizer, "organism")


def checkpoint(manifest: Path) -> Runnable:
    """A checkpoint's, in bfloat16, on one thread."""
    torch.set_num_threads(1)
    return Runnable(*load_checkpoint(manifest, "bfloat16"), "checkpoint")


def runnables(manifest: Path | None) -> list[Runnable]:
    """The organism, and the checkpoint where one is given."""
    return [organism(), *([checkpoint(manifest)] if manifest else [])]


def token_prompts(
    tokenizer: PreTrainedTokenizerBase, count: int, shortest: int, longest: int
) -> list[list[int]]:
    """Random tokens, lengths evenly from the shortest to the longest, in random order."""
    generator = torch.Generator().manual_seed(0)
    lengths = torch.linspace(shortest, longest, count).long()
    return [
        torch.randint(10, len(tokenizer), (length,), generator=generator).tolist()
        for length in lengths[torch.randperm(count, generator=generator)].tolist()
    ]


def tokens(prompts: Sequence[Sequence[int]]) -> int:
    """How many there are in all."""
    return sum(map(len, prompts))
