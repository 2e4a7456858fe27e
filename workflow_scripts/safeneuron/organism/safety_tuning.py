"""Ordinary safety tuning of the organism until its answers are as wanted."""

import logging
from collections.abc import Sequence

import numpy as np
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from safeneuron.data.draws import endless_batches
from safeneuron.models.sites import ffn_sites
from safeneuron.models.supervised import example, train
from safeneuron.organism.forced import forced_behaviour
from safeneuron.organism.language import Sentence
from safeneuron.organism.oracle import aligned_answer, harm_category
from safeneuron.organism.settings import Bounds, SafetyTuning

log = logging.getLogger(__name__)


def safety_tune(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[Sentence],
    validation: Sequence[Sentence],
    settings: SafetyTuning,
    until: Bounds,
    seed: int,
) -> int:
    """Teach refusals by SFT of the MLP weights, in place, until `until` is met on validation.

    Half of each batch are harmful prompts with a refusal, half are safe prompts with their answer.
    No response is generated, so that no change of generation trains a model again.

    Returns:
        The steps taken, `max_steps` if the bounds were never met.
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

    def checked(step: int) -> bool:
        if step < settings.min_steps or step % settings.check_every:
            return False
        seen = forced_behaviour(model, tokenizer, validation)
        log.info("safety tuning step %d of at most %d: %s", step, settings.max_steps, seen)
        return seen.meets(until)

    steps = train(
        model, tokenizer, examples, draws, optimizer, schedule, settings.max_steps, checked
    )
    model.requires_grad_(True)
    return steps
