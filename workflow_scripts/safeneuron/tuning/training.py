"""Supervised safety tuning by TRL's `SFTTrainer`: the loss is on the tokens of the answers."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset, disable_progress_bars
from torch.utils.data import Sampler, SequentialSampler
from transformers import PreTrainedModel, PreTrainedTokenizerBase, PrinterCallback
from trl import SFTConfig, SFTTrainer

from safeneuron.alignment import resume
from safeneuron.alignment.resumable import Resumable, logged_and_saved, machine
from safeneuron.alignment.steps import SayProgress
from safeneuron.alignment.wrappers import take_off_wrappers
from safeneuron.data.draws import endless_draws
from safeneuron.models.chat import encode_answer, encode_exchange, encode_prompt
from safeneuron.models.sites import ffn_sites
from safeneuron.progress import Progress
from safeneuron.tuning.examples import ANSWER, REFUSE
from safeneuron.tuning.settings import TuningSteps

log = logging.getLogger(__name__)

SAVE_EVERY = 50
IGNORED = -100  # label of a token that the loss leaves out

disable_progress_bars()


def safety_tune(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    examples: Sequence[Mapping[str, Any]],
    settings: TuningSteps,
    seed: int,
    workdir: Path,
) -> None:
    """Train a float32 model in place; each step has the same number of refusals.

    Args:
        examples: rows of `EXAMPLES`.
        seed: of the order of the examples.
        workdir: holds checkpoints of this training; one that is there is resumed from.

    Raises:
        FloatingPointError: the loss is not finite; names the step.
    """
    model.requires_grad_(settings.weights == "all")
    if settings.weights == "mlp":
        for site in ffn_sites(model):
            for weight in site.trainable:
                weight.requires_grad_(True)
    last = resume.last_complete_checkpoint(workdir, settings.steps)
    if last:
        log.info("resuming from %s", last)
    progress = Progress(log, "steps", settings.steps)
    trainer = _InOrder(
        model=model,
        args=_config(settings, seed, workdir),
        train_dataset=_dataset(tokenizer, in_order(examples, settings, seed)),
        processing_class=tokenizer,
        callbacks=[SayProgress(progress)],
    )
    trainer.remove_callback(PrinterCallback)
    with progress:
        trainer.train(resume_from_checkpoint=last)
    take_off_wrappers(model)
    model.requires_grad_(True)
    model.eval()


def in_order(
    examples: Sequence[Mapping[str, Any]], settings: TuningSteps, seed: int
) -> Iterator[Mapping[str, Any]]:
    """The examples of all steps, step by step: some may come several times.

    Each step has the same number of refusals. The examples of either kind are drawn from their data
    sets in turn, whatever the sizes of these, and epoch by epoch from each.
    """
    rng = np.random.default_rng(seed)
    refusals, answers = (
        endless_draws(_by_dataset(examples, role), rng) for role in (REFUSE, ANSWER)
    )
    for _ in range(settings.steps):
        step = [next(refusals) for _ in range(settings.harmful)]
        step += [next(answers) for _ in range(settings.batch_size - settings.harmful)]
        # micro-batches have their share of either kind
        for i in rng.permutation(step):
            yield examples[i]


def _by_dataset(examples: Sequence[Mapping[str, Any]], role: str) -> list[np.ndarray]:
    """Positions of the examples of a role, data set by data set."""
    groups: dict[str, list[int]] = {}
    for i, example in enumerate(examples):
        if example["role"] == role:
            groups.setdefault(example["dataset"], []).append(i)
    return [np.array(group) for group in groups.values()]


def encode(
    tokenizer: PreTrainedTokenizerBase, example: Mapping[str, Any]
) -> tuple[list[int], list[int]]:
    """Token ids of an example, and the labels: the ids of the answer and of its turn's end.

    An answer that was cut off (`finish` is `length`) has no end to learn.
    """
    prompt = encode_prompt(tokenizer, example["prompt"])
    exchange = encode_exchange if example["finish"] == "stop" else encode_answer
    ids = exchange(tokenizer, example["prompt"], example["answer"])
    if ids[: len(prompt)] != prompt:
        raise ValueError("the chat template writes a prompt otherwise where an answer follows it")
    return ids, [IGNORED] * len(prompt) + ids[len(prompt) :]


class _InOrder(Resumable, SFTTrainer):
    """Takes the examples as they come, and stops at the first loss that is not finite."""

    def _get_train_sampler(self, train_dataset: Dataset | None = None) -> Sampler[int]:
        return SequentialSampler(self.train_dataset)

    def compute_loss(self, model: Any, inputs: Any, *more: Any, **named: Any) -> Any:
        result = super().compute_loss(model, inputs, *more, **named)
        loss = result[0] if isinstance(result, tuple) else result
        if not torch.isfinite(loss):
            raise FloatingPointError(
                f"loss is {loss.item()} at step {self.state.global_step + 1}; lower "
                "safety_tuning.training.learning_rate"
            )
        return result


def _dataset(tokenizer: PreTrainedTokenizerBase, examples: Iterable[Mapping[str, Any]]) -> Dataset:
    rows = [encode(tokenizer, example) for example in examples]
    return Dataset.from_list([{"input_ids": ids, "labels": labels} for ids, labels in rows])


def _config(settings: TuningSteps, seed: int, workdir: Path) -> SFTConfig:
    return SFTConfig(
        output_dir=str(workdir),
        max_steps=settings.steps,
        per_device_train_batch_size=settings.batch_size // settings.accumulation,
        gradient_accumulation_steps=settings.accumulation,
        learning_rate=settings.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=settings.warmup_steps,
        weight_decay=0.0,
        optim="adamw_torch",
        max_length=None,
        router_aux_loss_coef=0.0,  # of mixtures of experts: the answers alone are learned
        dataset_kwargs={"skip_prepare_dataset": True},
        seed=seed,
        data_seed=seed,
        use_cache=True,  # of the model's saved configuration; no step caches anything
        **logged_and_saved(SAVE_EVERY),
        **machine(settings.precision, settings.gradient_checkpointing),
    )
