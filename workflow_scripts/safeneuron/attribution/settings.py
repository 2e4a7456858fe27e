"""Settings of the stages that find neurons by gradients of a refusal, or by finding anew."""

from pydantic import Field

from safeneuron.data.prompts import Rows
from safeneuron.neurons.settings import Pooling, SelectSettings, StateSettings
from safeneuron.settings import Distinct, Section


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


class SingleSearch(Section):
    """How the one neuron of a model state is found that a refusal hangs on."""

    prompts: int = Field(
        256,
        ge=4,
        description="Largest number of identification prompts of each side, evenly spread: every "
        "second one gives gradients and means, the others choose the neuron.",
    )
    candidates: int = Field(
        5, ge=1, le=1000, description="Number of neurons of the highest scores that are tried."
    )
    skip_last: float = Field(
        0.33,
        ge=0,
        lt=1,
        description="Share of the layers, counted from the last, that have no candidate: neurons "
        "there say words rather than decide.",
    )
    strengths: Distinct[float] = Field(
        [1.0, 4.0, 16.0],
        description="Besides zeroed, the neuron is held at its mean on safe prompts less so many "
        "times the gap to its mean on unsafe ones, one after the other.",
    )
    max_kl: float = Field(
        1.0,
        gt=0,
        description="Largest mean KL divergence, in nats, of the first token of answers to safe "
        "prompts that a candidate may cause and be chosen; where all cause more, the one that "
        "causes the least is taken.",
    )


class SingleNeuronSettings(Section):
    """Settings of `single_neuron`: of which state, for which attack, from which prompts."""

    state: StateSettings
    attack: str
    search: SingleSearch
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
