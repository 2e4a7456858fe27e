"""Attacks on the neurons that a refusal's log-odds hang on, by their gradient."""

from typing import Any, Literal

from pydantic import Field

from safeneuron.attribution.settings import TaylorSearch
from safeneuron.config.schema.attacks.common import Arms, Models, Rounds, Source
from safeneuron.interventions.settings import AnyOperator
from safeneuron.interventions.zero_ablate import ZeroAblate
from safeneuron.settings import Distinct, PositiveShare


class TaylorAttack(TaylorSearch):
    """An attack: intervene on the neurons whose activation times gradient lifts a refusal most."""

    kind: Literal["taylor"] = Field(
        "taylor", description="Neurons are attacked that a refusal hangs on, to first order."
    )
    source: Source = Field(
        "adaptive",
        description="State whose gradients rank the neurons: the attacked model itself "
        "(adaptive), or once its T0 (static).",
    )
    arms: Arms = None
    rounds: Rounds = None
    models: Models = None
    fractions: Distinct[PositiveShare] = Field(
        [0.05, 0.1, 0.2],
        min_length=1,
        description="Shares of all neurons that are attacked, those of the highest scores.",
    )
    operator: AnyOperator = Field(
        ZeroAblate(),
        description="What is done to the neurons: zero_ablate (held at zero), weights (the same, "
        "written into the weights), mean_ablate (held at their means over safe prompts) or pin "
        "(held at each of 'strengths').",
    )
    random_controls: int = Field(
        2,
        ge=1,
        le=100,
        description="Number of random sets, matched per layer, for each attacked set.",
    )

    @property
    def search(self) -> dict[str, Any]:
        """How the neurons are ranked."""
        return self.model_dump(include={*TaylorSearch.model_fields})
