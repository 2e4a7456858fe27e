"""DPO with an arm's plan: the one file that touches TRL (paper Eq. 11 and 12).

Loss of a pair: DPO's, plus `sft_weight` times the negative log-likelihood of the chosen answer,
plus `kl_weight` times KL(policy || reference) over the chosen answers of general pairs.

The reference is an explicit model without hooks, run beside the policy. TRL's cache of reference
log-probabilities is never used: its key is a hash of the weights, so a hooked and a clean model
would share entries.
"""

import json
import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset, disable_progress_bars
from transformers import (
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PrinterCallback,
    TrainerCallback,
)
from trl import DPOConfig, DPOTrainer
from trl.trainer.dpo_trainer import DataCollatorForPreference

from safeneuron.alignment import image_pairs
from safeneuron.alignment.arms import Plan
from safeneuron.alignment.freezing import FrozenSlices
from safeneuron.alignment.preferences import GENERAL
from safeneuron.models.sites import ffn_sites
from safeneuron.models.vision import Vision
from safeneuron.models.zeroing import Zeroing
from safeneuron.progress import Progress

log = logging.getLogger(__name__)

disable_progress_bars()


@dataclass(frozen=True)
class DPOSettings:
    """How a round trains.

    Attributes:
        steps: optimizer steps.
        batch_pairs: pairs a step (a device's batch times accumulation).
        accumulation: micro-batches a step.
        learning_rate, weight_decay, warmup_steps: AdamW; linear warm-up, then cosine to 0.
        beta: of DPO.
        sft_weight, kl_weight: of the two further terms.
        zeroing_probability: share of the steps in which the arm's neurons are zeroed.
        train_embeddings: whether token embeddings, and a head that is tied to them, train.
        precision: of matrix products, `float32` or `bfloat16`; weights are float32.
        gradient_checkpointing: recompute activations in the backward pass.
        save_every: steps between checkpoints that a killed training resumes from.
    """

    steps: int
    batch_pairs: int
    accumulation: int
    learning_rate: float
    weight_decay: float
    warmup_steps: int
    beta: float
    sft_weight: float
    kl_weight: float
    zeroing_probability: float
    train_embeddings: bool
    precision: str
    gradient_checkpointing: bool
    save_every: int


def dpo_settings(settings: Mapping[str, Any], pairs: int) -> DPOSettings:
    """Settings from a mapping that counts the length of the training in `steps` or in `epochs`.

    Args:
        pairs: that the training draws from.
    """
    length = dict(settings)
    epochs = length.pop("epochs")
    if length["steps"] is None:
        length["steps"] = math.ceil(epochs * pairs / length["batch_pairs"])
    return DPOSettings(**length)


def align(
    model: PreTrainedModel,
    reference: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    pairs: Sequence[Mapping[str, Any]],
    plan: Plan,
    settings: DPOSettings,
    seed: int,
    workdir: Path,
    vision: Vision | None = None,
) -> list[dict[str, Any]]:
    """Train `model` in place for one round; returns the trainer's log history.

    Both models must be float32: a step of the paper's size is lost in a bfloat16 weight, and equal
    precision makes the first step's loss exactly log 2.

    Args:
        reference: the round's starting checkpoint, another object than `model`, without hooks.
        pairs: rows of `PREFERENCES`.
        seed: of the order of the pairs and of the steps that zero.
        workdir: holds checkpoints of this training; one that is there is resumed from.
        vision: the models', where pairs have images.

    Raises:
        FloatingPointError: the loss is not finite; names the step and the pairs.
    """
    _choose_trainable(model, plan, settings.train_embeddings)
    reference.requires_grad_(False)
    frozen = FrozenSlices(model, plan.frozen)
    zeroing = Zeroing(model, plan.zeroed)
    last = _last_complete_checkpoint(workdir, settings.steps)
    if last:
        log.info("resuming from %s", last)
    progress = Progress(log, "steps", settings.steps)
    try:
        trainer = _PlannedTrainer(
            kl_weight=settings.kl_weight,
            model=model,
            ref_model=reference,
            args=_config(settings, seed, workdir),
            train_dataset=_dataset(pairs),
            processing_class=tokenizer,
            data_collator=_CollatorWithSource(pad_token_id=tokenizer.pad_token_id, vision=vision),
            callbacks=[
                _ZeroSomeSteps(zeroing, settings.zeroing_probability, seed),
                _RestoreFrozen(frozen),
                _SayProgress(progress),
            ],
        )
        trainer.remove_callback(PrinterCallback)
        with progress:
            trainer.train(resume_from_checkpoint=last)
    finally:
        zeroing.remove()
        frozen.release()
        for trained in (model, reference):
            _take_off_wrappers(trained)
    model.eval()
    return trainer.state.log_history


class _PlannedTrainer(DPOTrainer):
    """DPO with a KL term on general pairs, and a stop at the first loss that is not finite."""

    def __init__(self, kl_weight: float, **arguments: Any) -> None:
        self._kl_weight = kl_weight
        super().__init__(**arguments)

    def _set_signature_columns_if_needed(self) -> None:
        super()._set_signature_columns_if_needed()
        if "pair_id" not in self._signature_columns:
            self._signature_columns += ["pair_id", "source", image_pairs.COLUMN]

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        inputs = dict(inputs)
        pair_ids, general = inputs.pop("pair_ids"), inputs.pop("general")
        loss = super().compute_loss(model, inputs, False, num_items_in_batch)
        if self._kl_weight and general.any():
            loss = loss + self._kl_weight * self._divergence(model, inputs, general)
        elif self._kl_weight and self.args.world_size > 1:
            # every process must run the same forward passes, or the others wait for ever
            loss = loss + 0.0 * self._divergence(model, inputs, torch.ones_like(general))
        if not torch.isfinite(loss):
            raise FloatingPointError(
                f"loss is {loss.item()} at step {self.state.global_step + 1}, pairs "
                f"{', '.join(pair_ids)}; lower the learning rate or use fp32"
            )
        return loss

    def _divergence(self, model, inputs: Mapping[str, Any], general: torch.Tensor) -> torch.Tensor:
        """Mean KL(policy || reference) a token, over the general pairs' chosen answers."""
        chosen = image_pairs.rows_of(inputs, torch.cat([general, torch.zeros_like(general)]))
        answer = chosen.pop("completion_mask")[:, 1:].bool()
        policy = model(**chosen, use_cache=False).logits[:, :-1][answer].log_softmax(-1)
        with torch.no_grad():
            reference = self.ref_model(**chosen, use_cache=False).logits[:, :-1][answer]
            reference = reference.log_softmax(-1)
        return torch.nn.functional.kl_div(reference, policy, reduction="batchmean", log_target=True)


@dataclass
class _CollatorWithSource(DataCollatorForPreference):
    """TRL's batch with the pairs' ids, which of them are general, and what they show."""

    vision: Vision | None = None

    def torch_call(self, examples: list[dict[str, Any]]) -> dict[str, Any]:
        batch = super().torch_call([image_pairs.expanded(e, self.vision) for e in examples])
        batch |= image_pairs.shown(examples, self.vision, batch["input_ids"])
        batch["pair_ids"] = [example["pair_id"] for example in examples]
        batch["general"] = torch.tensor([example["source"] == GENERAL for example in examples])
        return batch


class _ZeroSomeSteps(TrainerCallback):
    """Switches the zeroing on in a share of the steps, by a draw of (seed, step) alone."""

    def __init__(self, zeroing: Zeroing, probability: float, seed: int) -> None:
        self._zeroing, self._probability, self._seed = zeroing, probability, seed

    def on_step_begin(self, args, state, control, **kwargs) -> None:
        draw = np.random.default_rng([self._seed, state.global_step]).random()
        self._zeroing.active = draw < self._probability


class _RestoreFrozen(TrainerCallback):
    """Writes frozen slices back after every optimizer step."""

    def __init__(self, frozen: FrozenSlices) -> None:
        self._frozen = frozen

    def on_optimizer_step(self, args, state, control, **kwargs) -> None:
        self._frozen.restore()


class _SayProgress(TrainerCallback):
    """Progress lines in place of the trainer's own."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def on_train_begin(self, args, state, control, **kwargs) -> None:
        self._progress.skip(state.global_step)

    def on_log(self, args, state, control, logs=None, **kwargs) -> None:
        if logs and "loss" in logs:
            self._progress.advance(note=f"loss {logs['loss']:.4f}")


def _last_complete_checkpoint(workdir: Path, steps: int) -> str | None:
    """The latest checkpoint of a killed training that can be gone on from.

    The trainer writes its state last, so a checkpoint without a readable one is incomplete. One
    after the last step is of no use: the trainer would take another step.
    """
    complete: dict[int, Path] = {}
    for state in workdir.glob("checkpoint-*/trainer_state.json"):
        try:
            complete[json.loads(state.read_text())["global_step"]] = state.parent
        except ValueError:
            continue
    usable = [step for step in complete if step < steps]
    return str(complete[max(usable)]) if usable else None


def _take_off_wrappers(model: PreTrainedModel) -> None:
    """Give a model its class's forward pass back, which TRL and mixed precision lay over."""
    for name in ("forward", "_original_forward"):
        vars(model).pop(name, None)


def _choose_trainable(model: PreTrainedModel, plan: Plan, train_embeddings: bool) -> None:
    """Set `requires_grad`: the FFN's weights alone, or the language model's by the setting.

    The vision tower of a multimodal model stays as it is, also where pairs have images.
    """
    model.requires_grad_(False)
    if plan.neurons_only:
        for site in ffn_sites(model):
            for part in (site.gate, site.up, site.down):
                part.weight.requires_grad_(True)
        return
    model.get_decoder().requires_grad_(True)
    model.get_output_embeddings().requires_grad_(True)
    if not train_embeddings:
        model.get_input_embeddings().requires_grad_(False)  # and a head that is tied to them


def _dataset(pairs: Sequence[Mapping[str, Any]]) -> Dataset:
    """The pairs as one-turn conversations, so that the model's own chat template applies."""
    images = any(pair.get("image") is not None for pair in pairs)

    def turn(role: str, content: Any) -> list[dict[str, Any]]:
        return [{"role": role, "content": content}]

    return Dataset.from_list(
        [
            {
                "pair_id": pair["pair_id"],
                "source": pair["source"],
                "prompt": turn("user", image_pairs.prompt_content(pair, images)),
                "chosen": turn("assistant", pair["chosen"]),
                "rejected": turn("assistant", pair["rejected"]),
                **({image_pairs.COLUMN: pair["image"]} if images else {}),
            }
            for pair in pairs
        ]
    )


def _config(settings: DPOSettings, seed: int, workdir: Path) -> DPOConfig:
    return DPOConfig(
        output_dir=str(workdir),
        max_steps=settings.steps,
        per_device_train_batch_size=settings.batch_pairs // settings.accumulation,
        gradient_accumulation_steps=settings.accumulation,
        learning_rate=settings.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=settings.warmup_steps,
        weight_decay=settings.weight_decay,
        optim="adamw_torch",
        beta=settings.beta,
        loss_type=["sigmoid", "sft"] if settings.sft_weight else ["sigmoid"],
        loss_weights=[1.0, settings.sft_weight] if settings.sft_weight else [1.0],
        max_length=None,
        precompute_ref_log_probs=False,
        bf16=settings.precision == "bfloat16",
        gradient_checkpointing=settings.gradient_checkpointing,
        use_cpu=not torch.cuda.is_available(),
        seed=seed,
        data_seed=seed,
        save_strategy="steps",
        save_steps=settings.save_every,
        save_total_limit=1,
        logging_steps=1,
        logging_nan_inf_filter=False,
        report_to="none",
        disable_tqdm=True,
    )
