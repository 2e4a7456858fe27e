"""Attacks on neurons: the paper's."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from safeneuron.config.schema.attacks.common import Arms, Models, Rounds, Source
from safeneuron.interventions.settings import AnyOperator, Order
from safeneuron.interventions.zero_ablate import ZeroAblate
from safeneuron.settings import Distinct, Name, PositiveShare, Section

Target = Annotated[str, Field(pattern=r"^[a-z_]+(\+[a-z_]+)*$")]


class NeuronAttack(Section):
    """An attack: intervene on the neurons that a selection finds, on sets of several sizes."""

    kind: Literal["neurons"] = Field(
        "neurons",
        description="Neurons are attacked, also where an entry does not say its kind; other kinds "
        "are taylor, single and iterative (neurons that no selection has), direction (refusal "
        "directions of the residual stream), prefill (the first words of the answer), and "
        "interpolate, relearn and benign_tune (the weights).",
    )
    selection: Name = Field(
        description="Selection that finds the attacked neurons, a key of "
        "'identification.selections'."
    )
    source: Source = Field(
        "adaptive",
        description="State whose neurons are attacked: those found on the attacked model itself "
        "(adaptive), or once on its T0 (static).",
    )
    arms: Arms = None
    rounds: Rounds = None
    models: Models = None
    targets: Distinct[Target] | None = Field(
        None,
        min_length=1,
        description="Criteria of the selection whose neurons are attacked, several joined by +: "
        "es, sas and es+sas are the paper's ES, SAS and FULL; null means each alone and all "
        "together.",
    )
    fractions: Distinct[PositiveShare] = Field(
        [0.05, 0.1, 0.2],
        description="Shares of all neurons that are attacked too, ranked by the target's criteria.",
    )
    order: Order = Field(
        "most",
        description="From which end of the ranking neurons are taken: most, the most relevant "
        "first, or least, the least relevant first, as many as the set has and at each fraction. "
        "Two attacks that differ in this alone are what tables/causal_audit compares.",
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

    def targets_among(self, criteria: Sequence[str]) -> list[str]:
        """The attacked targets, given the criteria of the attack's selection."""
        each = [*criteria] if len(criteria) > 1 else []
        return self.targets or [*each, "+".join(criteria)]
