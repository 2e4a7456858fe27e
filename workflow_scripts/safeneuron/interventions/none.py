"""The operator `none`: the model as it is, which every attack is compared with."""

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Literal

import numpy as np

from safeneuron.interventions.intervention import Operator

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class Untouched(Operator):
    """Nothing is done."""

    kind: Literal["none"] = "none"

    def applied(
        self, model: "PreTrainedModel", target: np.ndarray, strength: float | None
    ) -> AbstractContextManager[None]:
        """A context in which nothing is done."""
        return nullcontext()
