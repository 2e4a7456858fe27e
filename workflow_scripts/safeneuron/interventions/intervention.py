"""What an intervention is: an operator, its target and its strength, with a control in kind.

An operator is a section of the configuration and a file of this room, which imports no torch: the
configuration is validated where there is none. The model brings torch along.
"""

from abc import abstractmethod
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from safeneuron.neurons.random_sets import matched_random
from safeneuron.settings import Section

if TYPE_CHECKING:
    from transformers import PreTrainedModel


Target = Any
"""What is acted on; an operator says what its targets are, by default boolean [layers, neurons]."""


class Operator(Section):
    """What is done to a target; by default a target is a set of neurons.

    An operator on another kind of target (a direction, a token prefix, all weights) overrides
    `size`, `neurons` and `control` beside `applied`.
    """

    kind: str

    def at_strengths(self) -> list[float | None]:
        """The strengths that it is applied at; None for an operator that has just one."""
        return [None]

    def on(self, mask: np.ndarray, means: np.ndarray | None) -> np.ndarray:
        """What the operator takes for a set of neurons: their mask itself, by default.

        Args:
            mask: boolean [layers, neurons].
            means: of all neurons over safe prompts, [layers, neurons], where they were read.
        """
        return mask

    @abstractmethod
    def applied(
        self, model: "PreTrainedModel", target: Target, strength: float | None
    ) -> AbstractContextManager[None]:
        """A context in which the model is intervened on; it leaves the model to the bit as it was.

        Args:
            target: boolean [layers, neurons], True for the neurons to act on.
            strength: one of `at_strengths`.

        Raises:
            ValueError: the target does not have the model's shape.
        """

    def opening(self, target: Target, strength: float | None) -> str:
        """What every answer is made to begin with; nothing unless an operator says so."""
        return ""

    def as_weights(self) -> "Operator | None":
        """The operator that writes the same into the weights; None where weights cannot say it."""
        return None

    def size(self, target: Target) -> int:
        """How large a target is: how many neurons."""
        return int(target.sum())

    def neurons(self, target: Target) -> int:
        """How many neurons are acted on."""
        return self.size(target)

    def control(
        self, target: Target, rng: np.random.Generator, present: np.ndarray | None = None
    ) -> Target:
        """A random target matched in kind: as many neurons in each layer.

        Args:
            present: the neurons that there are, see `neurons.grid`; None for all.
        """
        return matched_random(target, rng, present)


@dataclass(frozen=True)
class Intervention:
    """An operator on a target at a strength.

    Attributes:
        target: what is acted on, such as neurons: boolean [layers, neurons].
        strength: of the operator; None where it has none.
    """

    operator: Operator
    target: Target
    strength: float | None = None

    @property
    def size(self) -> int:
        """How large the target is."""
        return self.operator.size(self.target)

    @property
    def neurons(self) -> int:
        """How many neurons are acted on."""
        return self.operator.neurons(self.target)

    def applied(self, model: "PreTrainedModel") -> AbstractContextManager[None]:
        """A context in which the model is intervened on."""
        return self.operator.applied(model, self.target, self.strength)

    @property
    def opening(self) -> str:
        """What every answer is made to begin with, which is part of it."""
        return self.operator.opening(self.target, self.strength)

    def control(self, rng: np.random.Generator, present: np.ndarray | None = None) -> Self:
        """The same on a random target matched in kind."""
        return replace(self, target=self.operator.control(self.target, rng, present))

    def as_weights(self) -> "Intervention | None":
        """The same written into the weights; None where weights cannot say it."""
        operator = self.operator.as_weights()
        return None if operator is None else replace(self, operator=operator)
