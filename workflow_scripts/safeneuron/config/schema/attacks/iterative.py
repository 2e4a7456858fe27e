"""Attacks on neurons that are found anew, time after time, while those before are zero."""

from typing import Annotated, Literal

from pydantic import Field

from safeneuron.config.schema.attacks.common import Arms, Models, Rounds, Source
from safeneuron.interventions.weights import Weights
from safeneuron.interventions.zero_ablate import ZeroAblate
from safeneuron.settings import Name, Section


class IterativeAttack(Section):
    """An attack: identify neurons, prune them, identify on the pruned model, and so on."""

    kind: Literal["iterative"] = Field(
        "iterative",
        description="Neurons are attacked that are found anew while those found before are zero.",
    )
    selection: Name = Field(
        description="Selection that finds the neurons each time, by scores: a key of "
        "'identification.selections'."
    )
    times: int = Field(
        5,
        ge=2,
        le=20,
        description="How often neurons are found; the attack is made with those of the first time, "
        "of the first two, and so on.",
    )
    source: Source = Field(
        "adaptive",
        description="State that the neurons are found on: the attacked model itself (adaptive), or "
        "its T0 (static).",
    )
    arms: Arms = None
    rounds: Rounds = None
    models: Models = None
    operator: Annotated[ZeroAblate | Weights, Field(discriminator="kind")] = Field(
        ZeroAblate(),
        description="How the neurons are zero in the attack: zero_ablate (by hooks) or weights "
        "(written into the weights).",
    )
    random_controls: int = Field(
        2,
        ge=1,
        le=100,
        description="Number of random sets, matched per layer, for each attacked set.",
    )
