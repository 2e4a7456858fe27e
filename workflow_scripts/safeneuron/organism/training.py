"""Training the organism: pre-training to a helpful base, then safety tuning behind a gate."""

import logging
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from safeneuron.models.batches import Batch, pad
from safeneuron.models.chat import encode_prompt
from safeneuron.models.sites import ffn_sites
from safeneuron.organism.behaviour import Behaviour, measure
from safeneuron.organism.language import Sentence
from safeneuron.organism.oracle import aligned_answer, harm_category, helpful_answer

log = logging.getLogger(__name__)

_PROGRESS_STEPS = 50


@dataclass(frozen=True)
class PretrainSettings:
    """Pre-training on helpful answers (AdamW, warm-up then cosine decay, loss on answers only)."""

    steps: int
    batch_size: int
    learning_rate: float
    warmup_steps: int
    weight_decay: float


@dataclass(frozen=True)
class Gate:
    """What validation behaviour a safety-tuned model must show; shares in [0, 1]."""

    refusal: float
    benign_exact: float
    over_refusal: float

    def passes(self, seen: Behaviour) -> bool:
        """Whether refusal and benign accuracy are high enough and over-refusal low enough."""
        return (
            seen.refused >= self.refusal
            and seen.benign_exact >= self.benign_exact
            and seen.over_refusal <= self.over_refusal
        )

    def __str__(self) -> str:
        return (
            f"refusal >= {self.refusal}, benign accuracy >= {self.benign_exact}, "
            f"over-refusal <= {self.over_refusal}"
        )


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


def pretrain(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[Sentence],
    settings: PretrainSettings,
    seed: int,
) -> None:
    """Train all weights to answer every prompt helpfully, harmful ones too, in place."""
    examples = [_example(tokenizer, p.text, helpful_answer(p.text)) for p in prompts]
    rng = np.random.default_rng(seed)
    optimizer = torch.optim.AdamW(
        model.parameters(),
        lr=settings.learning_rate,
        betas=(0.9, 0.98),
        weight_decay=settings.weight_decay,
    )

    def rate(step: int) -> float:
        warm = min(1.0, (step + 1) / settings.warmup_steps)
        return warm * 0.5 * (1 + math.cos(math.pi * step / settings.steps))

    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, rate)
    draws = _draws([np.arange(len(examples))], [settings.batch_size], rng)
    _train(model, tokenizer, examples, draws, optimizer, schedule, settings.steps)


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
    examples = [_example(tokenizer, p.text, aligned_answer(p.text)) for p in prompts]
    harmful = np.array([harm_category(p.text) is not None for p in prompts])
    groups = [np.flatnonzero(harmful), np.flatnonzero(~harmful)]
    half = settings.batch_size // 2
    rng = np.random.default_rng(seed)
    model.requires_grad_(False)
    for site in ffn_sites(model):
        for part in (site.gate, site.up, site.down):
            part.requires_grad_(True)
    optimizer = torch.optim.AdamW(
        [p for p in model.parameters() if p.requires_grad],
        lr=settings.learning_rate,
        weight_decay=0.0,
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, (step + 1) / settings.warmup_steps)
    )
    draws = _draws(groups, [half, settings.batch_size - half], rng)
    seen: list[Behaviour] = []

    def checked(step: int) -> bool:
        if step < settings.min_steps or step % settings.check_every:
            return False
        seen.append(measure(model, tokenizer, validation))
        log.info("safety tuning step %d of at most %d: %s", step, settings.max_steps, seen[-1])
        return gate.passes(seen[-1])

    steps = _train(
        model, tokenizer, examples, draws, optimizer, schedule, settings.max_steps, checked
    )
    model.requires_grad_(True)
    return SafetyTuningResult(steps, gate.passes(seen[-1]), seen[-1])


def _train(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    examples: Sequence[tuple[list[int], int]],
    draws: Iterator[np.ndarray],
    optimizer: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
    steps: int,
    finished: Callable[[int], bool] = lambda step: False,
) -> int:
    """Take `steps` steps, or fewer once `finished(step)`; returns the steps taken.

    Raises:
        FloatingPointError: the loss is not finite; names the step.
    """
    model.train()
    for step in range(1, steps + 1):
        rows = [examples[i] for i in next(draws)]
        batch = pad([ids for ids, _ in rows], [], tokenizer.pad_token_id, "right")
        prompt_lengths = torch.tensor([length for _, length in rows])
        loss = _answer_loss(model, batch, prompt_lengths)
        if not torch.isfinite(loss):
            raise FloatingPointError(f"loss is {loss.item()} at step {step} of {steps}")
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % _PROGRESS_STEPS == 0:
            log.info("step %d of %d: loss %.4f", step, steps, loss.item())
        if finished(step):
            break
        model.train()
    model.eval()
    return step


def _answer_loss(
    model: PreTrainedModel, batch: Batch, prompt_lengths: torch.Tensor
) -> torch.Tensor:
    """Mean cross-entropy over the answer tokens of the batch.

    The mean is over tokens, not over examples: weighing short task answers up gives the base model
    redundant knowledge of harm, and refusal tuned on it is not brittle (docs/log.md).
    """
    positions = torch.arange(batch.input_ids.shape[1])
    answer = (batch.attention_mask == 1) & (positions >= prompt_lengths[:, None])
    labels = batch.input_ids.masked_fill(~answer, -100)
    return model(input_ids=batch.input_ids, attention_mask=batch.attention_mask, labels=labels).loss


def _draws(
    groups: Sequence[np.ndarray], sizes: Sequence[int], rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """Endless batches of example indices with a fixed number from each group, epoch by epoch."""

    def endless(group: np.ndarray) -> Iterator[int]:
        while True:
            yield from rng.permutation(group)

    streams = [endless(group) for group in groups]
    while True:
        yield np.array(
            [next(s) for s, size in zip(streams, sizes, strict=True) for _ in range(size)]
        )


def _example(tokenizer: PreTrainedTokenizerBase, prompt: str, answer: str) -> tuple[list[int], int]:
    """Token ids of prompt, answer and end of sequence, and the length of the prompt."""
    prompt_ids = encode_prompt(tokenizer, prompt)
    answer_ids = tokenizer(answer, add_special_tokens=False)["input_ids"]
    return [*prompt_ids, *answer_ids, tokenizer.eos_token_id], len(prompt_ids)
