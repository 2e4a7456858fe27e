"""Settings of the stages that intervene on a model, and the operators that they may name."""

from typing import Annotated, Any, Literal

from pydantic import Field

from safeneuron.data.prompts import Rows
from safeneuron.interventions.ablate_direction import AblateDirection
from safeneuron.interventions.fine_tune import FineTune
from safeneuron.interventions.interpolate import Interpolate
from safeneuron.interventions.mean_ablate import MeanAblate
from safeneuron.interventions.pin import Pin
from safeneuron.interventions.pin_gap import PinGap
from safeneuron.interventions.prefill import Prefill
from safeneuron.interventions.weights import Weights
from safeneuron.interventions.zero_ablate import ZeroAblate
from safeneuron.neurons.settings import Pooling, StateSettings
from safeneuron.settings import Section

AnyOperator = Annotated[ZeroAblate | MeanAblate | Weights | Pin, Field(discriminator="kind")]
"""A new operator on neurons is a file of this room and a member of this union."""


Order = Literal["most", "least"]
"""From which end of a ranking neurons are taken: MoRF and LeRF, most or least relevant first."""


class Cells(Section):
    """What is done to which neurons: each target as identified and at each fraction."""

    targets: list[str]
    fractions: list[float]
    order: Order = "most"
    control_seeds: list[int]
    operator: AnyOperator


class DirectionCells(Section):
    """How many directions are removed from the residual stream: from one to all that were found."""

    control_seeds: list[int]
    operator: AblateDirection


class PrefillCells(Section):
    """How many words of a text are forced, and which prompts the controls' words are of."""

    text: str
    ordinary: Rows
    control_seeds: list[int]
    operator: Prefill


class TaylorCells(Section):
    """What is done to which shares of the neurons, those that a refusal hangs on the most."""

    fractions: list[float]
    control_seeds: list[int]
    operator: AnyOperator


class IterativeCells(Section):
    """What is done to neurons that were found time after time: each time's with those before."""

    control_seeds: list[int]
    operator: Annotated[ZeroAblate | Weights, Field(discriminator="kind")]


class SingleCells(Section):
    """How far beyond its mean on safe prompts one neuron is held, besides zeroed."""

    control_seeds: list[int]
    operator: PinGap


class InterpolateCells(Section):
    """How far the weights are moved toward another checkpoint's."""

    control_seeds: list[int]
    operator: Interpolate


class FineTuneCells(Section):
    """For how many steps the model is trained."""

    control_seeds: list[int]
    operator: FineTune


AnyCells = (
    Cells
    | TaylorCells
    | IterativeCells
    | SingleCells
    | DirectionCells
    | PrefillCells
    | InterpolateCells
    | FineTuneCells
)
"""What an attack is made of, by what it acts on."""


class Question(Section):
    """Which prompts of its table a benchmark asks.

    Attributes:
        choose_on: the split that attacks are chosen by, asked beside `split`; None for none.
    """

    benchmark: str
    role: Literal["harmful", "safe"]
    split: str
    categories: list[str] | None
    choose_on: str | None = None


class AttackSettings(Section):
    """Settings of `attack`: one attack on one state, asked one benchmark.

    Attributes:
        pooling: `sum` over tokens, or a token at the `end`, where gradients find neurons; None
            where none are attacked.
        cells: None for the model as it is.
    """

    state: StateSettings
    attack: str
    pooling: Pooling | Literal["sum", "end"] | None
    set_source: Literal["adaptive", "static"] | None
    cells: AnyCells | None
    question: Question
    max_new_tokens: int
    batch_size: int
    cpu_threads: int

    @property
    def columns(self) -> dict[str, Any]:
        """The columns of `RESPONSES` that are the same in all rows."""
        return {
            **self.state.model_dump(),
            "attack": self.attack,
            "pooling": self.pooling,
            "set_source": self.set_source,
            "benchmark": self.question.benchmark,
            "role": self.question.role,
        }


class AttackedCheckpointSettings(Section):
    """Settings of `attacked_checkpoint`: one cell of an attack on one state.

    Attributes:
        fraction: None for the set as identified.
    """

    state: StateSettings
    attack: str
    target: str
    fraction: float | None
    order: Order = "most"
    operator: AnyOperator
    cpu_threads: int

    @property
    def columns(self) -> dict[str, Any]:
        """What the manifest says of the attack beside its cell."""
        return {**self.state.model_dump(), "attack": self.attack}
