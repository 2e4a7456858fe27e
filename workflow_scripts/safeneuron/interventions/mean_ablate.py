"""The operator `mean_ablate`: neurons that say of every prompt what they say of safe ones."""

from typing import Literal

import numpy as np
from pydantic import Field

from safeneuron.interventions.held import Held


class MeanAblate(Held):
    """Neurons are held at their own means over the safe prompts of the identification."""

    kind: Literal["mean_ablate"] = Field(
        "mean_ablate",
        description="Each neuron is held at its mean over the tokens of safe prompts.",
    )

    def constants(self, means: np.ndarray, strength: float | None) -> np.ndarray:
        """The means."""
        return means
