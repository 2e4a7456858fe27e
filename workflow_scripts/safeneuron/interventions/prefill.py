"""The operator that forces how an answer begins (Andriushchenko et al. 2025, Qi et al. 2025).

It acts on the prompt and hooks nothing: the model goes on from the words that it is given as its
own, and judges see them as part of the answer.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from safeneuron.interventions.intervention import Operator
from safeneuron.settings import Distinct

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class Prefill(Operator):
    """Every answer is made to begin with the first words of a text, once for each number of them.

    A target is an array of words [texts, words]: the first text is forced; the others are ordinary
    ones that controls are drawn from.
    """

    kind: Literal["prefill"] = Field("prefill", description="The first words are forced.")
    words: Distinct[int] = Field(min_length=1, description="Numbers of words, one after the other.")

    def at_strengths(self) -> list[float | None]:
        """The numbers of words."""
        return [float(number) for number in self.words]

    def applied(
        self, model: "PreTrainedModel", target: np.ndarray, strength: float | None
    ) -> AbstractContextManager[None]:
        """A context in which nothing is done: the model is as it is."""
        return nullcontext()

    def opening(self, target: np.ndarray, strength: float | None) -> str:
        """The first `strength` words of the first text."""
        assert strength is not None  # it has no other
        return " ".join(target[0, : int(strength)])

    def size(self, target: np.ndarray) -> int:
        """How many words."""
        return target.shape[1]

    def neurons(self, target: np.ndarray) -> int:
        """None."""
        return 0

    def control(
        self, target: np.ndarray, rng: np.random.Generator, present: np.ndarray | None = None
    ) -> np.ndarray:
        """As many words of one of the ordinary texts."""
        return np.vstack([target[rng.integers(1, len(target))], target[1:]])
