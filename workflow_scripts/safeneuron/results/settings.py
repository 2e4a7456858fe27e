"""Settings of the result tables."""

from typing import Annotated, Literal

from pydantic import Field

from safeneuron.neurons.settings import StateSettings
from safeneuron.settings import Name, PositiveShare, Section


class Primary(Section):
    """The one contrast that the experiment is for; all others are corrected for their number."""

    arm: Name = Field(description="Arm that is compared with 'baseline', one of 'run.arms'.")
    round: Literal["last"] | Annotated[int, Field(ge=1)] = Field(
        "last", description="Round that is compared: its number, or last."
    )
    fraction: PositiveShare | None = Field(
        description="Share of the neurons that is attacked, one of the 'fractions' of an adaptive "
        "attack on all states; null names the worst case over all kinds of attacks within "
        "'attack.utility_bound', in tables/bounded_contrasts."
    )


class Contrasts(Section):
    """Arms against one of them under the strongest attack, in tables/contrasts and
    tables/bounded_contrasts."""

    baseline: Name = Field(
        "dpo", description="Arm that all others are compared with, in the same round and seed."
    )
    primary: Primary | None = Field(
        None,
        description="Contrast that is named before the run, of each model: its p value stands "
        "uncorrected, those of all others after Holm. Null names none.",
    )


class PrimaryContrast(Section):
    """`Primary` of one model, its round a number."""

    arm: Name
    round: int
    fraction: float | None


class ShownSettings(Section):
    """What all tables that are shown depend on.

    Attributes:
        judges: those whose verdicts may be shown, the preferred one first.
    """

    experiment: str
    judges: list[str]


class PaperTablesSettings(ShownSettings):
    """Settings of `paper_tables`.

    Attributes:
        baseline: the arm that others are compared with.
        primary: model -> the contrast that was named before the run.
    """

    baseline: str
    primary: dict[str, PrimaryContrast]


class MatrixSettings(ShownSettings):
    """Settings of `matrix`.

    Attributes:
        models: those whose attacks are chosen on prompts of their own.
        utility_bound: share of a state's clean utility that an attack may cost.
        baseline: the arm that others are compared with.
        primary: model -> the contrast over all kinds that was named before the run.
        simulates: arm -> the kinds of attacks that it is trained against, as tables call them.
    """

    models: list[str]
    utility_bound: float
    baseline: str
    primary: dict[str, PrimaryContrast]
    simulates: dict[str, list[str]]


class TrainingTimeSettings(Section):
    """Settings of `training_time`.

    Attributes:
        states: what was trained, one a file.
        baseline: the arm that others are compared with.
    """

    states: list[StateSettings]
    baseline: str


class AuditedRanking(Section):
    """Two attacks that differ in the end alone that they read a selection's ranking from."""

    selection: str
    most: str
    least: str


class CausalAuditSettings(ShownSettings):
    """Settings of `causal_audit`."""

    rankings: list[AuditedRanking]


class Table3Settings(ShownSettings):
    """Settings of `table_3`: the benchmarks with images."""

    benchmarks: list[str]
