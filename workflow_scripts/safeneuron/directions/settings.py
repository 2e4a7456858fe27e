"""Settings of the stage that finds refusal directions."""

from typing import Literal

from pydantic import Field

from safeneuron.data.prompts import Rows
from safeneuron.neurons.settings import StateSettings
from safeneuron.settings import Section

Ablated = Literal["write", "write_read"]


class DirectionSearch(Section):
    """How the refusal directions of a model state are found."""

    operator: Ablated = Field(
        "write",
        description="Where a direction is removed: from all that is written to the residual "
        "stream, by the embedding and by each attention and MLP (write), or also from what each "
        "attention and MLP reads after its norm (write_read).",
    )
    phases: int = Field(
        1,
        ge=1,
        le=8,
        description="Number of directions, each found anew while those before it are removed; the "
        "attack is made with the first, with the first two, and so on.",
    )
    max_kl: float = Field(
        0.1,
        gt=0,
        description="Largest mean KL divergence, in nats, of the first token of answers to safe "
        "prompts that a layer's direction may cause and be chosen; where all cause more, the one "
        "that causes the least is taken.",
    )
    prompts: int = Field(
        256,
        ge=4,
        description="Largest number of identification prompts of each side, evenly spread: every "
        "second one estimates the directions, the others choose the layer.",
    )


class RefusalDirectionsSettings(Section):
    """Settings of `refusal_directions`: of which state, for which attack, from which prompts."""

    state: StateSettings
    attack: str
    search: DirectionSearch
    unsafe: Rows
    safe: Rows
    batch_size: int
    cpu_threads: int
