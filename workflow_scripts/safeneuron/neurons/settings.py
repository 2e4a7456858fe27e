"""Settings of the stages that score neurons, select them and compare the sets."""

from typing import Annotated, Literal

from pydantic import Field

from safeneuron.data.prompts import Rows
from safeneuron.neurons.criteria.registry import CriterionName, Thresholds
from safeneuron.settings import Distinct, Name, PositiveShare, Section

Pooling = Literal["max", "last", "mean", "maxabs", "lastabs", "meanabs"]


class Fraction(Section):
    """The highest neurons by each criterion."""

    kind: Literal["fraction"] = Field(
        "fraction", description="Neurons are selected by their rank, a share of all."
    )
    fraction: PositiveShare = Field(
        description="Share of all neurons that is selected by each of the criteria."
    )


class Count(Section):
    """So many of the highest neurons by each criterion."""

    kind: Literal["count"] = Field(
        "count", description="Neurons are selected by their rank, so many of all."
    )
    count: int = Field(
        ge=1,
        description="Number of neurons of the whole model that is selected by each of the "
        "criteria.",
    )


class Calibrated(Section):
    """The neurons that a test calls different, at a false-discovery rate."""

    kind: Literal["calibrated"] = Field(
        "calibrated",
        description="Neurons are selected by Welch's t test, corrected for their number.",
    )
    q: float = Field(
        0.05,
        gt=0,
        lt=1,
        description="Greatest share of the selected neurons that is expected to be false "
        "(Benjamini and Hochberg, over all neurons).",
    )


class Probe(Section):
    """The neurons that a linear probe for unsafe prompts leans on (NeuroStrike), `overall` only."""

    kind: Literal["probe"] = Field(
        "probe", description="Neurons are selected by the weights of a linear probe."
    )
    z: float = Field(
        3.0,
        gt=0,
        le=100,
        description="Least z-score of a neuron's weight among those of its layer.",
    )
    l2: float = Field(
        1e-3, gt=0, le=100, description="Weight of the penalty on the weights' squares, halved."
    )


ByScores = Thresholds | Fraction | Count | Calibrated
"""The rules that select by scores."""


class StateSettings(Section):
    """Which model state a stage is about."""

    model: str
    arm: str
    round: int
    seed: int


class MergeSettings(Section):
    """Settings of `merge_moments`: what was captured."""

    poolings: Distinct[Pooling]


class ScoreSettings(Section):
    """What a table of scores is of."""

    state: StateSettings
    contrast: str
    pooling: Pooling


class SelectSettings(Section):
    """Settings of `select_neurons` and `select_contrasts`: a selection by scores."""

    selection: Name
    criteria: Distinct[CriterionName]
    rule: Annotated[ByScores, Field(discriminator="kind")]


class ProbeSettings(Section):
    """Settings of `probe_neurons`: a selection by a probe, the state, the prompts of both sides."""

    state: StateSettings
    selection: Name
    pooling: Pooling
    rule: Probe
    unsafe: Rows
    safe: Rows
    batch_size: int
    cpu_threads: int


class NullSettings(Section):
    """Random draws that a measure of overlap is held against."""

    null_draws: int = Field(
        200, ge=10, le=100_000, description="Number of random draws of the same sizes."
    )
    seed: int = Field(0, ge=0, description="Seed of the random draws.")
