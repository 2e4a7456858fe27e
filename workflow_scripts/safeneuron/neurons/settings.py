"""Settings of the stages that score neurons, select them and compare the sets."""

from typing import Annotated, Literal

from pydantic import Field

from safeneuron.data.prompts import Rows
from safeneuron.neurons.criteria.registry import CriterionName, Thresholds
from safeneuron.settings import Distinct, Name, PositiveShare, Section

Pooling = Literal["max", "last", "mean", "maxabs", "lastabs", "meanabs"]


class Fraction(Section):
    """The highest neurons by each criterion."""

    kind: Literal["fraction"] = "fraction"
    fraction: PositiveShare = Field(description="of all neurons, by each of the criteria")


class Count(Section):
    """So many of the highest neurons by each criterion."""

    kind: Literal["count"] = "count"
    count: int = Field(ge=1, description="neurons of the whole model, by each of the criteria")


class Probe(Section):
    """The neurons that a linear probe for unsafe prompts leans on (NeuroStrike), `overall` only."""

    kind: Literal["probe"] = "probe"
    z: float = Field(3.0, gt=0, le=100, description="z-score of a weight in its layer above")
    l2: float = Field(1e-3, gt=0, le=100, description="penalty of the weights' squares, halved")


class StateSettings(Section):
    """Which model state a stage is about."""

    model: str
    arm: str
    round: int
    seed: int


class ScoreSettings(Section):
    """Settings of `score`: what its moments are of."""

    state: StateSettings
    contrast: str
    pooling: Pooling


class SelectSettings(Section):
    """Settings of `select_neurons`: a selection by scores."""

    selection: Name
    criteria: Distinct[CriterionName]
    rule: Annotated[Thresholds | Fraction | Count, Field(discriminator="kind")]


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

    null_draws: int = Field(200, ge=10, le=100_000, description="size-matched random draws")
    seed: int = Field(0, ge=0, description="of the draws")


class OneModel(Section):
    """Settings of `figure_probe_overlap`: whose rows are drawn."""

    model: str
