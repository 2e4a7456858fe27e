"""Answers that are forced word by word, against answers that are generated."""

import math

import numpy as np
import pytest
import torch

from safeneuron.data.draws import endless_batches
from safeneuron.models.generation import generate
from safeneuron.models.supervised import example, train
from safeneuron.organism.architecture import build_model
from safeneuron.organism.behaviour import MAX_ANSWER_TOKENS, measure
from safeneuron.organism.forced import ForcedBehaviour, forced_behaviour
from safeneuron.organism.language import SAFE_CATEGORIES, SPLITS, draw_splits
from safeneuron.organism.oracle import helpful_answer
from safeneuron.organism.settings import Bounds, OrganismModel, SplitSize
from safeneuron.organism.templates import REFUSAL

PROMPTS = draw_splits(
    dict.fromkeys(SPLITS, SplitSize(per_category=8, benign=40, lookalike=40, task=0)), 0
)["alignment"]


@pytest.fixture(scope="module")
def half_trained(tokenizer):
    """An organism that begins to learn to refuse every third prompt and to answer the others."""
    model = build_model(OrganismModel(layers=2, hidden=64, intermediate=128, heads=2), tokenizer, 0)
    examples = [
        example(tokenizer, p.text, helpful_answer(p.text) if number % 3 else REFUSAL)
        for number, p in enumerate(PROMPTS)
    ]
    draws = endless_batches([np.arange(len(examples))], [32], np.random.default_rng(0))
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    constant = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0)
    train(model, tokenizer, examples, draws, optimizer, constant, 220)
    return model


def test_forced_and_generated_answers_give_the_same_shares(half_trained, tokenizer):
    forced = forced_behaviour(half_trained, tokenizer, PROMPTS)
    texts = [prompt.text for prompt in PROMPTS]
    answers = generate(half_trained, tokenizer, texts, MAX_ANSWER_TOKENS, 64)
    begins = {False: [], True: []}  # by whether the prompt is safe
    for prompt, answer in zip(PROMPTS, answers, strict=True):
        begins[prompt.category in SAFE_CATEGORIES].append(answer.text.startswith(REFUSAL))
    seen = measure(half_trained, tokenizer, PROMPTS)
    expected = (np.mean(begins[False]), seen.benign_exact, np.mean(begins[True]))
    assert forced == ForcedBehaviour(*expected)
    assert all(0.05 < share < 0.95 for share in vars(forced).values()), forced


def test_shares_of_no_prompts_are_unknown_and_meet_nothing(half_trained, tokenizer):
    none = forced_behaviour(half_trained, tokenizer, [])
    assert all(map(math.isnan, vars(none).values()))
    assert not none.meets(Bounds(refusal=0.0, benign_exact=0.0, over_refusal=1.0))


def test_every_answer_of_the_language_is_shorter_than_what_is_generated(tokenizer):
    for sentence in PROMPTS:
        assert len(tokenizer(helpful_answer(sentence.text))["input_ids"]) < MAX_ANSWER_TOKENS
