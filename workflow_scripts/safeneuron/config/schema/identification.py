"""Where the neurons are looked for, how they are scored, selected, and compared."""

from typing import Annotated, Literal

from pydantic import Field

from safeneuron.organism.vocabulary import CATEGORIES
from safeneuron.settings import Categories, Distinct, Name, PositiveShare, Section

Pooling = Literal["max", "last", "mean", "maxabs", "lastabs", "meanabs"]


class Side(Section):
    """Prompts of one side of the contrast."""

    datasets: Distinct[Name] = Field(min_length=1, description="keys of 'datasets'")
    split: str = Field("identification", description="which of their splits")
    categories: Categories | None = Field(None, description="which; null means all")


class Thresholds(Section):
    """The paper's selection: every neuron above a threshold."""

    kind: Literal["thresholds"] = "thresholds"
    es: float = Field(ge=0, le=100, description="effect size above (paper: Qwen 3, Llama 2)")
    sas: float = Field(ge=0, le=100, description="z-scored shift above (paper: 2)")


class Fraction(Section):
    """The highest neurons by each criterion."""

    kind: Literal["fraction"] = "fraction"
    fraction: PositiveShare = Field(description="of all neurons, by each of the two criteria")


class Probe(Section):
    """The neurons that a linear probe for unsafe prompts leans on (NeuroStrike), `overall` only."""

    kind: Literal["probe"] = "probe"
    z: float = Field(3.0, gt=0, le=100, description="z-score of a weight in its layer above")
    l2: float = Field(1e-3, gt=0, le=100, description="penalty of the weights' squares, halved")


class Selection(Section):
    """How a neuron set is chosen: a pooling and a rule; by scores it is the union of both criteria,
    by a probe the attack that nobody here defends against."""

    pooling: Pooling = Field(description="signed (max, last, mean) or of magnitudes (…abs)")
    rule: Annotated[Thresholds | Fraction | Probe, Field(discriminator="kind")]


class Identification(Section):
    """Where the neurons are looked for, and how they are scored and selected."""

    unsafe: Side = Side(datasets=["organism"], categories=list(CATEGORIES))
    safe: Side = Side(datasets=["organism"], categories=["benign", "lookalike"])
    poolings: Distinct[Pooling] = Field(
        ["max", "last", "mean", "maxabs", "lastabs", "meanabs"],
        min_length=1,
        description="recorded in one forward pass; the paper does not state its pooling (max is "
        "the likeliest). Those of magnitudes do not change under sign flips that leave the model's "
        "function unchanged; the signed ones do",
    )
    selections: dict[Name, Selection] = Field(
        {
            "magnitude": Selection(pooling="meanabs", rule=Fraction(fraction=0.05)),
            "paper": Selection(pooling="max", rule=Thresholds(es=3.0, sas=2.0)),
            "probe": Selection(pooling="max", rule=Probe()),
        },
        min_length=1,
        description="named neuron sets, made and reported side by side. Those of kind 'probe' are "
        "an independent attack's: compared with the others on models that are attacked (Fig. 7)",
    )


class Overlap(Section):
    """Overlap of category sets over every K-subset (Fig. 5)."""

    null_draws: int = Field(200, ge=10, le=100_000, description="size-matched random draws")
    seed: int = Field(0, ge=0, description="of the draws")


class TopicControl(Section):
    """How much of a neuron set is topic or length rather than safety, on every model's T0.

    The contrast of benign prompts on unsafe topics with plain benign ones gives a topic set. A
    safe side drawn to the unsafe side's lengths gives a set without the difference of lengths.
    """

    matched: Side = Field(description="benign prompts on the unsafe prompts' topics")
    plain: Side = Field(description="benign prompts on other topics")
    null_draws: int = Field(200, ge=10, le=100_000, description="size-matched random draws")
    seed: int = Field(0, ge=0, description="of the draws")
