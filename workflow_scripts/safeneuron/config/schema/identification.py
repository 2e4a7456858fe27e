"""Where the neurons are looked for, how they are scored, selected, and compared."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from safeneuron.neurons.criteria.registry import CriterionName, Thresholds
from safeneuron.neurons.regrouping_settings import Regrouping
from safeneuron.neurons.settings import ByScores, Calibrated, Fraction, NullSettings, Pooling, Probe
from safeneuron.organism.vocabulary import CATEGORIES
from safeneuron.settings import Categories, Distinct, Name, Section


class Side(Section):
    """Prompts of one side of the contrast."""

    datasets: Distinct[Name] = Field(min_length=1, description="Prompt sets, keys of 'datasets'.")
    split: str = Field("identification", description="Split of the prompt sets that is taken.")
    categories: Categories | None = Field(
        None, description="Categories of the split that are taken; null means all."
    )

    def rows(self) -> dict[str, Any]:
        """Which rows are taken of each of the prompt sets' tables (`data.prompts.Rows`)."""
        return self.model_dump(exclude={"datasets"})


class Selection(Section):
    """How a neuron set is chosen: a pooling, criteria and a rule. The set is the union of what the
    rule takes by each criterion; a probe's is the attack that nobody here defends against."""

    pooling: Pooling = Field(
        description="How a prompt's tokens become one number per neuron: signed (max, last, "
        "mean) or of magnitudes (maxabs, lastabs, meanabs)."
    )
    criteria: Distinct[CriterionName | Literal["probe"]] = Field(
        ["es", "sas"],
        min_length=1,
        description="Scores of a neuron that it is selected by: es (effect size), sas (z-scored "
        "activation shift), their magnitudes abs_es and abs_sas, write_sas (z-scored shift of what "
        "the neuron writes to the residual stream, which no rescaling of neurons changes), welch "
        "and abs_welch (Welch's t and its magnitude, which a rule of kind calibrated tests); probe "
        "stands with a rule of kind probe, and only there.",
    )
    rule: Annotated[ByScores | Probe, Field(discriminator="kind")]

    @model_validator(mode="before")
    @classmethod
    def _criterion_of_the_rule(cls, data: Any) -> Any:
        rule = data.get("rule") if isinstance(data, dict) else None
        kind = rule.get("kind") if isinstance(rule, dict) else getattr(rule, "kind", None)
        of_kind = {"probe": ["probe"], "calibrated": ["welch"]}
        return {"criteria": of_kind[kind], **data} if kind in of_kind else data

    @model_validator(mode="after")
    def _rule_has_the_criteria(self) -> "Selection":
        if ("probe" in self.criteria) != isinstance(self.rule, Probe) or (
            isinstance(self.rule, Probe) and self.criteria != ["probe"]
        ):
            raise ValueError(
                "criteria: [probe] stands with a rule of kind probe, and only there "
                f"(found: criteria {self.criteria}, kind {self.rule.kind})"
            )
        if isinstance(self.rule, Calibrated) and set(self.criteria) - {"welch", "abs_welch"}:
            raise ValueError(
                "criteria: a rule of kind calibrated tests welch (one-sided) or abs_welch "
                f"(two-sided), which have a p; found {self.criteria}"
            )
        if isinstance(self.rule, Thresholds):
            given = self.rule.model_dump()
            for name in self.criteria:
                if given[name] is None:
                    raise ValueError(f"rule.{name}: missing, the threshold of a criterion")
        return self


class Identification(Section):
    """Where the neurons are looked for, and how they are scored and selected."""

    unsafe: Side = Side(datasets=["organism"], categories=list(CATEGORIES))
    safe: Side = Side(datasets=["organism"], categories=["benign", "lookalike"])
    poolings: Distinct[Pooling] = Field(
        ["max", "last", "mean", "maxabs", "lastabs", "meanabs"],
        min_length=1,
        description="Poolings that are recorded, in one forward pass. The paper does not state "
        "its pooling (max is the likeliest). Those of magnitudes do not change under sign flips "
        "that leave the model's function unchanged; the signed ones do.",
    )
    selections: dict[Name, Selection] = Field(
        {
            "magnitude": Selection(pooling="meanabs", rule=Fraction(fraction=0.05)),
            "paper": Selection(pooling="max", rule=Thresholds(es=3.0, sas=2.0)),
            "probe": Selection(pooling="max", rule=Probe()),
        },
        min_length=1,
        description="Selections, by name: neuron sets that are made and reported side by side. "
        "Those of kind 'probe' are an independent attack's, and compared with the others on "
        "models that are attacked (Fig. 7).",
    )
    nulls: Regrouping = Regrouping()
    false_discovery_rate: float = Field(
        0.05,
        gt=0,
        lt=1,
        description="Rate at which tables/calibration holds each neuron set against Welch's t test "
        "of all neurons (Benjamini and Hochberg).",
    )


class Overlap(NullSettings):
    """Overlap of category sets over every K-subset (Fig. 5)."""


class TopicControl(Section):
    """How much of a neuron set is topic or length rather than safety, on every model's T0.

    Benign prompts on unsafe topics against plain benign ones give a set of topic alone: what it
    shares with the safety set is explained by topic. Unsafe prompts against safe ones that are as
    long give a set without the difference of lengths: what that shares is not explained by length.
    """

    matched: Side = Field(description="Benign prompts on the topics of the unsafe prompts.")
    plain: Side = Field(description="Benign prompts on other topics.")
    null_draws: int = Field(
        200, ge=10, le=100_000, description="Number of random draws of the same sizes."
    )
    seed: int = Field(
        0,
        ge=0,
        description="Seed of the random draws, and of the prompts that are matched in length.",
    )
