"""One round of alignment with its guarantee: train, prove what stayed constant, write the model."""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from safeneuron.alignment import processes
from safeneuron.alignment.arm import Plan
from safeneuron.alignment.arms.registry import ARMS
from safeneuron.alignment.dpo_training import align
from safeneuron.alignment.freeze_proof import freeze_report
from safeneuron.alignment.parts import Asked
from safeneuron.alignment.reference_table import with_reference
from safeneuron.alignment.settings import AlignSettings, SimulatedDirections
from safeneuron.alignment.training_table import TRAINING, training_rows
from safeneuron.alignment.weight_decay import decay_shares
from safeneuron.artifacts.files import write_text
from safeneuron.artifacts.manifests import read_manifest
from safeneuron.artifacts.tables import read_table, write_rows
from safeneuron.data.preferences import PREFERENCES
from safeneuron.data.prompts import selected_texts
from safeneuron.data.spread import spread
from safeneuron.models.chat import encode_prompts
from safeneuron.models.checkpoint import (
    cast_weights,
    load_checkpoint,
    save_checkpoint,
    write_manifest,
)
from safeneuron.models.vision import vision_for
from safeneuron.neurons.sets import read_neuron_set
from safeneuron.neurons.settings import StateSettings

log = logging.getLogger(__name__)


_ON_CPU = {"device_map": "cpu"}


@dataclass(frozen=True)
class Trained:
    """A round's model in the dtype that it is saved in, proved to be frozen where it was to be.

    Attributes:
        identified: neurons that the arm acted on, boolean [layers, neurons].
        plan: what the arm did to them.
        steps: optimizer steps.
        history: the trainer's log.
    """

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    identified: np.ndarray
    plan: Plan
    steps: int
    history: Sequence[Mapping[str, Any]]


def train_round(
    manifest: Path,
    neuron_sets: Sequence[Path],
    preferences: Path,
    reference_table: Path | None,
    identification: tuple[Sequence[Path], Sequence[Path]],
    settings: AlignSettings,
    report: Path,
    workdir: Path,
    save_every: int,
) -> Trained:
    """Train a checkpoint for one round by an arm, and prove what stayed constant.

    Args:
        manifest: of the checkpoint that the round starts from.
        neuron_sets: their union is what the arm acts on.
        preferences: a table of `PREFERENCES`.
        reference_table: of `REFERENCE`; None to run the reference model beside the policy.
        identification: tables of unsafe and of safe prompts, that refusal directions are found
            with; none for an arm that removes none.
        report: where the proof is written, the JSON of the state and of a `FreezeReport`.
        workdir: holds checkpoints of this training alone; one that is there is resumed from.
        save_every: steps between those checkpoints.

    Raises:
        FreezeViolationError: a frozen element moved, or no free element did; the report says so.
        SystemExit: in all processes of the training but the first, which goes on with the model.
    """
    state, training = settings.state, settings.training
    sets = [read_neuron_set(path) for path in neuron_sets]
    identified = np.logical_or.reduce([neurons.union for neurons in sets])
    table = read_table(preferences, PREFERENCES)
    pairs = table.slice(0, max(1, round(len(table) * settings.data_fraction))).to_pylist()
    # float32 copies are trained, and saved in the model's own dtype if nothing else is said
    placement = processes.placement(training.parallel)
    model, tokenizer = load_checkpoint(manifest, "float32", placement)
    plan = ARMS[settings.method].plan(
        *(identified, state.seed, settings.shares),
        _asked(tokenizer, identification, settings.direction),
        settings.prefill.tokens if settings.prefill else 0,
        sets[0].present,
    )
    masks = (identified, plan.frozen, plan.zeroed)
    log.info("%d identified, %d frozen, %d zeroed", *(mask.sum() for mask in masks))
    reference = None
    if reference_table:
        pairs = with_reference(pairs, reference_table)
    else:
        reference = load_checkpoint(manifest, "float32", placement).model
    vision = vision_for((pair["image"] for pair in pairs), manifest, model.config)
    seed = state.seed * 1000 + state.round
    history = align(
        model, reference, tokenizer, pairs, plan, training, seed, workdir, vision, save_every
    )

    dtype = training.saved_dtype or read_manifest(manifest)["dtype"]
    first = processes.is_first()
    if processes.is_sharded(model):
        whole = load_checkpoint(manifest, dtype, _ON_CPU).model if first else None
        processes.gather(model, whole)
        model = whole
    processes.end_processes()
    if not first:
        raise SystemExit
    cast_weights(model, dtype)
    before = load_checkpoint(manifest, dtype, _ON_CPU).model
    # under LoRA the adapters decay, whose product is zero if they did not train
    decay = decay_shares(history, 0.0 if training.lora else training.weight_decay)
    figures = freeze_report(model, before, plan.frozen, decay)
    log.info("freeze report: %s", figures)
    write_text(report, json.dumps(state.model_dump() | asdict(figures), indent=1) + "\n")
    figures.check()
    steps = training.optimizer_steps(len(pairs))
    return Trained(model, tokenizer, identified, plan, steps, history)


def _asked(
    tokenizer: PreTrainedTokenizerBase,
    identification: tuple[Sequence[Path], Sequence[Path]],
    settings: SimulatedDirections | None,
) -> Asked | None:
    """What refusal directions are found with: a fixed sample of the identification's prompts."""
    if settings is None:
        return None
    unsafe, safe = (
        encode_prompts(
            tokenizer,
            spread(selected_texts(paths, rows), settings.prompts),
        )
        for paths, rows in zip(identification, (settings.unsafe, settings.safe), strict=True)
    )
    return Asked(unsafe, safe, settings.phases, settings.refresh, settings.batch_size)


def save_round(
    trained: Trained,
    start: Path,
    folder: Path,
    manifest: Path,
    table: Path,
    state: StateSettings,
) -> None:
    """Write a round's checkpoint, its manifest and the table of its training.

    Args:
        start: manifest of the checkpoint that the round started from.
        state: which the round leads to; the manifest and the table name it.
    """
    read = read_manifest(start)
    save_checkpoint(trained.model, trained.tokenizer, folder, Path(read["folder"]))
    reported = {
        **state.model_dump(),
        "steps": trained.steps,
        "protected_neurons": int(trained.identified.sum()),
    }
    write_manifest(manifest, folder, read["dtype"], reported)
    write_rows(table, TRAINING, training_rows(trained.history, state.model_dump()))
