"""Attacks on the one neuron that a refusal hangs on the most."""

from typing import Any, Literal

from pydantic import Field

from safeneuron.attribution.settings import SingleSearch
from safeneuron.config.schema.attacks.common import Arms, Models, Rounds, Source


class SingleAttack(SingleSearch):
    """An attack: zero one neuron, and hold it beyond what it is on safe prompts (2605.08513)."""

    kind: Literal["single"] = Field(
        "single", description="One neuron is attacked, which gradients and trying find."
    )
    source: Source = Field(
        "adaptive",
        description="State that the neuron is found on: the attacked model itself (adaptive), or "
        "its T0 (static).",
    )
    arms: Arms = None
    rounds: Rounds = None
    models: Models = None
    random_controls: int = Field(
        2,
        ge=1,
        le=100,
        description="Number of random neurons of the same layer, for each thing that is done.",
    )

    @property
    def search(self) -> dict[str, Any]:
        """How the neuron is found."""
        return self.model_dump(include={*SingleSearch.model_fields})
