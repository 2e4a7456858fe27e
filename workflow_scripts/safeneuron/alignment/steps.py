"""What happens at each step of a round beside the step."""

from collections.abc import Mapping
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from safeneuron.alignment.freezing import FrozenSlices
from safeneuron.alignment.simulation import Simulation
from safeneuron.progress import Progress


class SimulateAttacks(TrainerCallback):
    """Makes the simulated attacks of each step."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Switch."""
        self._simulation.begin_step(state.global_step)


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
