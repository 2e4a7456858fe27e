"""Supervised training on answers: the loop of pre-training, safety tuning and attacks that tune."""

import logging
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from safeneuron.models.batches import Batch, pad
from safeneuron.models.chat import encode_prompt
from safeneuron.progress import Progress

log = logging.getLogger(__name__)


def train(
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
    with Progress(log, "steps", steps) as progress:
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
            progress.advance(note=f"loss {loss.item():.4f}")
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
    tensors = (batch.input_ids, batch.attention_mask, labels)
    ids, mask, labels = (tensor.to(model.device) for tensor in tensors)
    return model(input_ids=ids, attention_mask=mask, labels=labels).loss


def example(tokenizer: PreTrainedTokenizerBase, prompt: str, answer: str) -> tuple[list[int], int]:
    """Token ids of prompt, answer and end of sequence, and the length of the prompt."""
    prompt_ids = encode_prompt(tokenizer, prompt)
    answer_ids = tokenizer(answer, add_special_tokens=False)["input_ids"]
    return [*prompt_ids, *answer_ids, tokenizer.eos_token_id], len(prompt_ids)
