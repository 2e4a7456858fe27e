"""How much faster greedy answers come than from `generate` on batches in the order given."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import torch
from benchmarks.figures import Found, Goal, figure
from benchmarks.measure import in_turns, ratio
from benchmarks.models import Runnable, checkpoint, organism, token_prompts
from transformers import GenerationConfig

from safeneuron.models.batches import pad
from safeneuron.models.chat import encode_prompts
from safeneuron.models.generation import generate_after

PLAIN_BATCH, BATCH, NEW_TOKENS = 8, 64, 48
QUESTIONS = (
    "What is the capital of {}? Answer with one word.",
    "Tell me about the history of {}.",
    "Is {} in Europe? Say yes or no.",
    "Which dishes do people in {} like, and why?",
)
PLACES = ("France", "Japan", "Brazil", "Egypt")
STORY = (
    "I have been travelling for a long time, by train and by ship and at last on foot, and I wrote "
    "down what I saw on the way: markets and harbours, old bridges, mountains under snow, and "
    "children who played in the streets until it was dark. Now I sit at home, it rains, and there "
    "is one question left that I would like to ask you before I put my notes away."
)


def ours(run: Runnable, prompts: Sequence[Sequence[int]], new_tokens: int) -> list[str]:
    """As attacked models are asked: batches by length, which answers that have ended leave."""
    answers = generate_after(run.model, run.tokenizer, prompts, new_tokens, BATCH)
    return [answer.text for answer in answers]


@torch.inference_mode()
def plain(
    run: Runnable, prompts: Sequence[Sequence[int]], new_tokens: int, batch_size: int = PLAIN_BATCH
) -> list[str]:
    """Batches in the order given, each until its last answer has ended."""
    ends = run.model.generation_config.eos_token_id
    ends = ends if isinstance(ends, list) else [ends]
    settings = GenerationConfig(
        do_sample=False, max_new_tokens=new_tokens, eos_token_id=ends, pad_token_id=0
    )
    texts = []
    for first in range(0, len(prompts), batch_size):
        of_batch = prompts[first : first + batch_size]
        batch = pad(of_batch, [*range(len(of_batch))], 0, "left")
        output = run.model.generate(
            input_ids=batch.input_ids,
            attention_mask=batch.attention_mask,
            generation_config=settings,
        )
        for row in output[:, batch.input_ids.shape[1] :].tolist():
            length = next((k for k, token in enumerate(row) if token in ends), len(row))
            texts.append(run.tokenizer.decode(row[:length], skip_special_tokens=True))
    return texts


def asked_organism(count: int) -> tuple[Runnable, list[list[int]]]:
    """A random organism, whose answers every 40th token ends, and prompts of mixed length."""
    run = organism()
    run.model.generation_config.eos_token_id = list(range(9, len(run.tokenizer), 40))
    return run, token_prompts(run.tokenizer, count, 8, 120)


def asked_checkpoint(manifest: Path) -> tuple[Runnable, list[list[int]]]:
    """A checkpoint's model, and questions of several lengths."""
    run = checkpoint(manifest)
    texts = [
        " ".join([*STORY.split()[: 10 * ((5 * i + 3 * j) % 8)], question.format(place)])
        for i, place in enumerate(PLACES)
        for j, question in enumerate(QUESTIONS)
    ]
    return run, encode_prompts(run.tokenizer, texts)


def measured(manifest: Path | None) -> Found:
    """The row."""
    figures = []
    for run, prompts in [asked_organism(64), *([asked_checkpoint(manifest)] if manifest else [])]:
        turns = in_turns(
            {
                "ours": partial(ours, run, prompts, NEW_TOKENS),
                "plain": partial(plain, run, prompts, NEW_TOKENS),
            }
        )
        # one by one nothing is padded
        expected = plain(run, prompts, NEW_TOKENS, 1)
        other = sum(a != b for a, b in zip(ours(run, prompts, NEW_TOKENS), expected, strict=True))
        figures.append(
            figure(
                "generation",
                f"speed-up, {run.name}, {len(prompts)} prompts",
                ratio(turns["plain"], turns["ours"]),
                "x",
                Goal(at_least=3),
                baseline=f"`generate`, batches of {PLAIN_BATCH} in the order given",
                error=other,
                error_of=f"of {len(prompts)} answers differ from those one by one",
            )
        )
    return Found(figures)
