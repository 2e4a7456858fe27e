"""The operators that train the model for a few steps: relearning compliance, and benign tuning.

A few harmful examples undo alignment, and benign ones alone do some of it (Qi et al. 2024, "Fine-
tuning aligned language models compromises safety").
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from safeneuron.interventions.intervention import Operator
from safeneuron.settings import Distinct, Section

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from safeneuron.interventions.course import Tuned


class TuningCourse(Section):
    """How an attack trains: all weights, by AdamW at a constant rate, without weight decay."""

    steps: Distinct[Annotated[int, Field(ge=1, le=10_000)]] = Field(
        [5, 10, 20, 40, 80],
        min_length=1,
        description="Numbers of optimizer steps after which the model is asked, in one training "
        "that goes on from each to the next.",
    )
    learning_rate: float = Field(
        2e-5, gt=0, le=1, description="Learning rate, the same in all steps."
    )
    batch_size: int = Field(16, ge=1, description="Examples per step.")
    seed: int = Field(0, ge=0, description="Seed of the order of the examples.")


class FineTune(TuningCourse, Operator):
    """The model is trained for some steps, once for each number of them.

    A target is a training (`course.Course`), or as far a way in a random direction.
    """

    kind: Literal["relearn", "benign_tune"] = Field(
        description="Trained on complying answers to harmful prompts, or on benign pairs alone."
    )

    def at_strengths(self) -> list[float | None]:
        """The numbers of steps, ascending: the training goes on."""
        return [float(steps) for steps in sorted(self.steps)]

    @contextmanager
    def applied(
        self, model: "PreTrainedModel", target: "Tuned", strength: float | None
    ) -> Iterator[None]:
        """A context in which the weights are those after `strength` steps.

        Raises:
            FloatingPointError: the loss is not finite; names the step.
        """
        from safeneuron.interventions.weight_change import changed

        assert strength is not None  # it has no other
        with changed(model, target.after(model, int(strength))):
            yield
        if strength == max(self.steps):
            target.forget()

    def size(self, target: "Tuned") -> int:
        """One: there is one training."""
        return 1

    def neurons(self, target: "Tuned") -> int:
        """None: all weights are acted on."""
        return 0

    def control(
        self, target: "Tuned", rng: np.random.Generator, present: np.ndarray | None = None
    ) -> "Tuned":
        """Of relearning, a training on benign pairs; of that, a random direction as far."""
        return target.control(int(rng.integers(2**63)))
