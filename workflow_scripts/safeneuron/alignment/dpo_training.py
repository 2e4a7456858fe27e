"""DPO with an arm's plan: the one file that touches TRL (paper Eq. 11 and 12).

Loss of a pair: DPO's, plus `sft_weight` times the negative log-likelihood of the chosen answer,
plus `kl_weight` times KL(policy || reference) over the chosen answers of general pairs.

The reference is an explicit model without hooks, run beside the policy; or its log-probabilities,
which `reference_log_probs` computed before the round and the pairs carry. TRL's own cache of them
is never used: its key is a hash of the weights, so a hooked and a clean model would share entries.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from accelerate.utils import AutocastKwargs
from datasets import Dataset, disable_progress_bars
from torch import nn
from torch.utils.data import DataLoader
from transformers import (
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PrinterCallback,
)
from trl import DPOConfig, DPOTrainer
from trl.trainer.dpo_trainer import DataCollatorForPreference

from safeneuron.alignment import image_pairs, resume
from safeneuron.alignment.arm import Plan
from safeneuron.alignment.forced_words import behind_forced_words
from safeneuron.alignment.freezing import FrozenSlices, frozen_slices
from safeneuron.alignment.lora import add_adapters, frozen_adapters, merge_adapters
from safeneuron.alignment.parts import Forced
from safeneuron.alignment.processes import count, is_sharded, micro_batches
from safeneuron.alignment.resumable import Resumable, logged_and_saved, machine
from safeneuron.alignment.settings import SAVE_EVERY, Training
from safeneuron.alignment.simulation import Simulation
from safeneuron.alignment.steps import RestoreFrozen, SayProgress, SimulateAttacks
from safeneuron.alignment.wrappers import take_off_wrappers
from safeneuron.data.preferences import GENERAL
from safeneuron.models.chat import AS_TEXT
from safeneuron.models.vision import Vision
from safeneuron.progress import Progress

log = logging.getLogger(__name__)

disable_progress_bars()


def align(
    model: PreTrainedModel,
    reference: PreTrainedModel | None,
    tokenizer: PreTrainedTokenizerBase,
    pairs: Sequence[Mapping[str, Any]],
    plan: Plan,
    settings: Training,
    seed: int,
    workdir: Path,
    vision: Vision | None = None,
    save_every: int = SAVE_EVERY,
) -> list[dict[str, Any]]:
    """Train `model` in place for one round; returns the trainer's log history.

    Both models must be float32: a step of the paper's size is lost in a bfloat16 weight, and equal
    precision makes the first step's loss exactly log 2.

    Args:
        model: whole, or sharded over all processes (`processes.placement`).
        reference: the round's starting checkpoint, another object than `model`, without hooks; None
            if the pairs carry its log-probabilities.
        pairs: rows of `PREFERENCES`, with `reference_chosen` and `reference_rejected` if there is
            no `reference`.
        seed: of the order of the pairs, of the steps that simulate attacks and of adapters.
        workdir: holds checkpoints of this training; one that is there is resumed from.
        vision: the models', where pairs have images.
        save_every: steps between those checkpoints.

    Raises:
        ValueError: there is neither a reference nor its log-probabilities, or the KL term or forced
            words have no reference to run.
        FloatingPointError: the loss is not finite; names the step and the pairs.
    """
    kl_weight = settings.kl_weight if "divergence" in plan.loss else 0.0
    forced = plan.shares.get("prefill", 0.0)
    if reference is None and (kl_weight or forced or "reference_chosen" not in pairs[0]):
        raise ValueError(
            "without a reference model kl_weight must be 0, no words may be forced and the pairs "
            f"must carry their reference log-probabilities; kl_weight is {kl_weight}, words are "
            f"forced on {forced:.0%} of the safety pairs"
        )
    steps = settings.optimizer_steps(len(pairs))
    if settings.lora:
        policy = add_adapters(model, settings.lora, seed)
        frozen = frozen_adapters(model, plan.frozen)
    else:
        policy = model
        plan.trains(model, settings.train_embeddings)
        frozen = FrozenSlices(frozen_slices(model, plan.frozen))
    if reference is not None:
        reference.requires_grad_(False)
    simulation = Simulation(model, plan, tokenizer.pad_token_id, seed)
    if is_sharded(model):
        workdir /= f"{count()}-shards"
    last = resume.last_complete_checkpoint(workdir, steps)
    if last:
        log.info("resuming from %s", last)
    progress = Progress(log, "steps", steps)
    try:
        trainer = _PlannedTrainer(
            kl_weight=kl_weight,
            forced_words=partial(plan.forced_words, seed),
            simulation=simulation,
            model=policy,
            reference=reference,
            args=_config(settings, plan, steps, seed, workdir, save_every, is_sharded(model)),
            train_dataset=_dataset(pairs, referenced=reference is None),
            processing_class=tokenizer,
            data_collator=_CollatorWithSource(pad_token_id=tokenizer.pad_token_id, vision=vision),
            callbacks=[
                SimulateAttacks(simulation),
                RestoreFrozen(frozen),
                SayProgress(progress),
            ],
        )
        trainer.remove_callback(PrinterCallback)
        with progress:
            trainer.train(resume_from_checkpoint=last)
    finally:
        simulation.remove()
        frozen.release()
        for trained in (model, reference):
            if trained is not None:
                take_off_wrappers(trained)
    if settings.lora:
        merge_adapters(policy, plan.frozen)
    model.eval()
    return trainer.state.log_history


def reference_log_probs(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    pairs: Sequence[Mapping[str, Any]],
    precision: str,
    batch_pairs: int,
    vision: Vision | None = None,
) -> list[dict[str, Any]]:
    """Rows of `REFERENCE`: each pair's chosen and rejected answer's log-probability, summed.

    They are computed as a reference beside the policy computes them in training; how pairs are
    batched and padded changes them by float noise alone.

    Args:
        model: float32, without hooks.
        precision: of matrix products, as in the training that uses them.
        vision: the model's, where pairs have images.
    """
    rows: list[dict[str, Any]] = []
    with TemporaryDirectory() as nothing, Progress(log, "pairs", len(pairs)) as progress:
        trainer = _PlannedTrainer(
            kl_weight=0.0,
            model=model,
            reference=None,
            args=DPOConfig(output_dir=nothing, max_length=None, **machine(precision)),
            train_dataset=_dataset(pairs, referenced=False),
            processing_class=tokenizer,
            data_collator=_CollatorWithSource(pad_token_id=tokenizer.pad_token_id, vision=vision),
        )
        model.eval()
        for batch in DataLoader(
            trainer.train_dataset, batch_pairs, collate_fn=trainer.data_collator
        ):
            ids = batch.pop("pair_ids")
            del batch["general"]
            answers = trainer.compute_ref_log_probs(model, trainer._prepare_inputs(batch))
            for pair_id, chosen, rejected in zip(ids, *(a.tolist() for a in answers), strict=True):
                rows.append({"pair_id": pair_id, "chosen": chosen, "rejected": rejected})
            progress.advance(len(ids))
    take_off_wrappers(model)
    return rows


def _none(step: int, pair_id: str) -> Forced:
    """No forced tokens."""
    return Forced(0, 0.0)


class _Absent(torch.nn.Module):
    """Stands where TRL demands a reference model; it has no weights, and running it is an error."""

    config = PreTrainedConfig()

    def forward(self, *inputs: Any, **more: Any) -> None:
        raise AssertionError("the reference's log-probabilities come with the pairs")


class _PlannedTrainer(Resumable, DPOTrainer):
    """DPO with a KL term on general pairs, and a stop at the first loss that is not finite."""

    def __init__(
        self,
        kl_weight: float,
        reference: PreTrainedModel | None,
        forced_words: Callable[[int, str], Forced] = _none,
        simulation: Simulation | None = None,
        **arguments: Any,
    ) -> None:
        self._kl_weight = kl_weight
        self._forced_words, self._simulation = forced_words, simulation
        self.beside = simulation.beside if simulation else {}
        super().__init__(ref_model=_Absent() if reference is None else reference, **arguments)
        # what TRL's own switch sets, which would also compute, hash and cache
        self.precompute_ref_logps = reference is None
        if self.is_distributed_loading_by_transformers:
            # kept copies of a sharded model's weights would be the whole model in every process
            self.accelerator.autocast_handler = AutocastKwargs(cache_enabled=False)

    def _set_signature_columns_if_needed(self) -> None:
        super()._set_signature_columns_if_needed()
        if "pair_id" not in self._signature_columns:
            self._signature_columns += ["pair_id", "role", image_pairs.COLUMN]

    def compute_loss(
        self,
        model: nn.Module,
        inputs: Mapping[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> torch.Tensor:
        inputs = dict(inputs)
        pair_ids, general = inputs.pop("pair_ids"), inputs.pop("general")
        if self._simulation:
            self._simulation.begin_batch(~general)
        inputs = self._behind_forced_words(inputs, pair_ids, general)
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

    def _behind_forced_words(
        self, inputs: Mapping[str, Any], pair_ids: Sequence[str], general: torch.Tensor
    ) -> dict[str, Any]:
        step = self.state.global_step
        forced = [
            _none(step, pair_id) if is_general else self._forced_words(step, pair_id)
            for pair_id, is_general in zip(pair_ids, general.tolist(), strict=True)
        ]
        return behind_forced_words(inputs, forced, self._tokenizer.pad_token_id)

    def _divergence(
        self, model: nn.Module, inputs: Mapping[str, Any], general: torch.Tensor
    ) -> torch.Tensor:
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
        batch["general"] = torch.tensor([example["role"] == GENERAL for example in examples])
        return batch


def _dataset(pairs: Sequence[Mapping[str, Any]], referenced: bool) -> Dataset:
    """The pairs as one-turn conversations, so that the model's own chat template applies.

    Args:
        referenced: with the reference's log-probabilities, under TRL's names for them.
    """
    images = any(pair.get("image") is not None for pair in pairs)

    def turn(role: str, content: Any) -> list[dict[str, Any]]:
        return [{"role": role, "content": content}]

    names = {f"ref_{side}_logps": f"reference_{side}" for side in ("chosen", "rejected")}
    return Dataset.from_list(
        [
            {
                "pair_id": pair["pair_id"],
                "role": pair["role"],
                "prompt": turn("user", image_pairs.prompt_content(pair, images)),
                "chosen": turn("assistant", pair["chosen"]),
                "rejected": turn("assistant", pair["rejected"]),
                "chat_template_kwargs": AS_TEXT,
                **({image_pairs.COLUMN: pair["image"]} if images else {}),
                **{column: pair[name] for column, name in names.items() if referenced},
            }
            for pair in pairs
        ]
    )


def _config(
    settings: Training,
    plan: Plan,
    steps: int,
    seed: int,
    workdir: Path,
    save_every: int,
    sharded: bool,
) -> DPOConfig:
    likelihood = settings.sft_weight if "likelihood" in plan.loss else 0.0
    # gradients of a sharded model are reduced at every micro-batch: summed up before, they would be
    # the whole model's in every process
    accumulation = {"gradient_accumulation_kwargs": {"sync_each_batch": sharded}}
    return DPOConfig(
        output_dir=str(workdir),
        max_steps=steps,
        per_device_train_batch_size=settings.batch_pairs // settings.accumulation,
        gradient_accumulation_steps=micro_batches(settings.accumulation),
        accelerator_config=accumulation,
        learning_rate=settings.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=settings.warmup_steps,
        weight_decay=settings.weight_decay,
        optim="adamw_torch",
        beta=settings.beta,
        loss_type=["sigmoid", "sft"] if likelihood else ["sigmoid"],
        loss_weights=[1.0, likelihood] if likelihood else [1.0],
        max_length=None,
        router_aux_loss_coef=0.0,  # of mixtures of experts: the loss is what an arm says it is
        precompute_ref_log_probs=False,
        seed=seed,
        data_seed=seed,
        **logged_and_saved(save_every),
        **machine(settings.precision, settings.gradient_checkpointing),
    )
