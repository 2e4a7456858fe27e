"""What happens at each step of a round beside the step, and where a killed round goes on."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from safeneuron.alignment.freezing import FrozenSlices
from safeneuron.interventions.zeroing import Zeroing
from safeneuron.progress import Progress


class ZeroSomeSteps(TrainerCallback):
    """Switches the zeroing on in a share of the steps, by a draw of (seed, step) alone."""

    def __init__(self, zeroing: Zeroing, probability: float, seed: int) -> None:
        self._zeroing, self._probability, self._seed = zeroing, probability, seed

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Draw."""
        draw = np.random.default_rng([self._seed, state.global_step]).random()
        self._zeroing.active = draw < self._probability


class RestoreFrozen(TrainerCallback):
    """Writes frozen slices back after every optimizer step."""

    def __init__(self, frozen: FrozenSlices) -> None:
        self._frozen = frozen

    def on_optimizer_step(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Write them back."""
        self._frozen.restore()


class SayProgress(TrainerCallback):
    """Progress lines in place of the trainer's own."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Count what was done before."""
        self._progress.skip(state.global_step)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: Mapping[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        """Count a step."""
        if logs and "loss" in logs:
            self._progress.advance(note=f"loss {logs['loss']:.4f}")


def last_complete_checkpoint(workdir: Path, steps: int) -> str | None:
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
