"""Settings of the stages that find neurons by gradients of a refusal, or by finding anew."""

from pydantic import Field

from safeneuron.data.prompts import Rows
from safeneuron.neurons.settings import Pooling, SelectSettings, StateSettings
from safeneuron.settings import Section


class TaylorSearch(Section):
    """How much of a refusal is attributed to each neuron of a model state."""

    prompts: int = Field(
        256,
        ge=4,
        description="Largest number of identification prompts of each side, evenly spread: safe "
        "ones only tell what a refusal begins with.",
    )


class TaylorNeuronsSettings(Section):
    """Settings of `taylor_neurons`: of which state, for which attack, from which prompts."""

    state: StateSettings
    attack: str
    search: TaylorSearch
    unsafe: Rows
    safe: Rows
    batch_size: int
    cpu_threads: int


class SelectedAgain(SelectSettings):
    """A selection by scores that is made several times."""

    pooling: Pooling
    times: int


class IterativeNeuronsSettings(Section):
    """Settings of `iterative_neurons`: of which state, by which selection, from which prompts."""

    state: StateSettings
    selected: SelectedAgain
    unsafe: Rows
    safe: Rows
    batch_size: int
    cpu_threads: int
