"""Ordinary safety tuning of the organism behind a validation gate."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from safeneuron.models.sites import ffn_sites
from safeneuron.organism.behaviour import Behaviour, Gate, measure
from safeneuron.organism.language import Sentence
from safeneuron.organism.oracle import aligned_answer, harm_category
from safeneuron.organism.supervised import endless_batches, example, train

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SafetyTuningSettings:
    """Ordinary safety tuning: SFT of the MLPs until the gate passes, at a constant rate."""

    learning_rate: float
    batch_size: int
    warmup_steps: int
    min_steps: int
    max_steps: int
    check_every: int


@dataclass(frozen=True)
class SafetyTuningResult:
    """Where safety tuning stopped and what was seen on the validation prompts there."""

    steps: int
    passed: bool
    validation: Behaviour


def safety_tune(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[Sentence],
    validation: Sequence[Sentence],
    settings: SafetyTuningSettings,
    gate: Gate,
    seed: int,
) -> SafetyTuningResult:
    """Teach refusals by SFT of the MLP weights, in place, until the gate passes on validation.

    Half of each batch are harmful prompts with a refusal, half are safe prompts with their answer.
    """
    examples = [example(tokenizer, p.text, aligned_answer(p.text)) for p in prompts]
    harmful = np.array([harm_category(p.text) is not None for p in prompts])
    groups = [np.flatnonzero(harmful), np.flatnonzero(~harmful)]
    half = settings.batch_size // 2
    rng = np.random.default_rng(seed)
    model.requires_grad_(False)
    for site in ffn_sites(model):
        for weight in site.trainable:
            weight.requires_grad_(True)
    optimizer = torch.optim.AdamW(
        [p for p in model.parameters() if p.requires_grad],
        lr=settings.learning_rate,
        weight_decay=0.0,
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, (step + 1) / settings.warmup_steps)
    )
    draws = endless_batches(groups, [half, settings.batch_size - half], rng)
    seen: list[Behaviour] = []

    def checked(step: int) -> bool:
        due = step >= settings.min_steps and step % settings.check_every == 0
        if not due and step < settings.max_steps:
            return False
        seen.append(measure(model, tokenizer, validation))
        log.info("safety tuning step %d of at most %d: %s", step, settings.max_steps, seen[-1])
        return gate.passes(seen[-1])

    steps = train(
        model, tokenizer, examples, draws, optimizer, schedule, settings.max_steps, checked
    )
    model.requires_grad_(True)
    return SafetyTuningResult(steps, gate.passes(seen[-1]), seen[-1])
