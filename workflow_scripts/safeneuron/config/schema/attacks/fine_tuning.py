"""What attacks that train the model have in common."""

from typing import Any

from safeneuron.config.schema.attacks.common import Arms, Models, Rounds
from safeneuron.interventions.fine_tune import TuningCourse


class FineTuning(TuningCourse):
    """Keys of `relearn` and `benign_tune`, but for their kind and their controls."""

    arms: Arms = None
    rounds: Rounds = None
    models: Models = None

    @property
    def variants(self) -> int:
        """How many cells it has, without their controls."""
        return len(self.steps)

    @property
    def operator(self) -> dict[str, Any]:
        """What is done to the weights, settings of `FineTune`."""
        return self.model_dump(include={"kind", *TuningCourse.model_fields})
