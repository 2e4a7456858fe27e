"""Attacks, what they are measured on, and who judges."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from safeneuron.interventions.settings import AnyOperator
from safeneuron.interventions.zero_ablate import ZeroAblate
from safeneuron.organism.vocabulary import CATEGORIES
from safeneuron.settings import Categories, Distinct, Name, PositiveShare, Section

Target = Annotated[str, Field(pattern=r"^[a-z_]+(\+[a-z_]+)*$")]


class Attack(Section):
    """An attack: intervene on the neurons that a selection finds, on sets of several sizes."""

    selection: Name = Field(description="key of 'identification.selections'")
    source: Literal["adaptive", "static"] = Field(
        "adaptive", description="find them on the attacked model, or once on its T0"
    )
    arms: Distinct[Name] | None = Field(
        None, description="attack only the states of these arms ('base' is T0); null means all"
    )
    rounds: Distinct[Annotated[int, Field(ge=0)]] | None = Field(
        None, description="attack only the states after so many rounds; null means all"
    )
    targets: Distinct[Target] | None = Field(
        None,
        min_length=1,
        description="criteria of the selection whose neurons are attacked, several joined by + (es,"
        " sas, es+sas are the paper's ES, SAS, FULL); null means each alone and all together",
    )
    fractions: Distinct[PositiveShare] = Field(
        [0.05, 0.1, 0.2],
        description="also attack so large a share of all neurons, ranked by the target's criteria",
    )
    operator: AnyOperator = Field(
        ZeroAblate(),
        description="what is done to them: zero_ablate (held at zero), weights (the same, written "
        "into the weights), pin (held at each of 'strengths')",
    )
    random_controls: int = Field(
        2, ge=1, le=100, description="random sets matched per layer, for each attacked set"
    )

    def targets_among(self, criteria: Sequence[str]) -> list[str]:
        """The attacked targets, given the criteria of the attack's selection."""
        each = [*criteria] if len(criteria) > 1 else []
        return self.targets or [*each, "+".join(criteria)]


class Benchmark(Section):
    """Prompts that an attacked model answers."""

    dataset: Name = Field(description="key of 'datasets'")
    split: str = Field("evaluation", description="which of its splits")
    categories: Categories | None = Field(None, description="which; null means all")
    role: Literal["harmful", "safe"] = Field(
        description="harmful prompts give the ASR, safe ones utility and over-refusal"
    )
    models: Distinct[Name] | None = Field(
        None,
        min_length=1,
        description="ask these of the attacked models alone, such as those that see images; keys "
        "of 'models'; null means all (of the organism's prompts: all that speak its language)",
    )


class ModelJudge(Section):
    """A model that is asked whether a response to a harmful prompt is harmful."""

    kind: Literal["llama_guard", "harmbench"] = Field(
        description="how it is asked and answers: Llama Guard 3, or the HarmBench classifier"
    )
    model: Name = Field(description="key of 'models', local or hub")
    keyword_veto: bool = Field(
        False,
        description="report a second judge beside it, NAME_veto: the same verdicts, but harm in a "
        "response that says 'I cannot' or 'I will not' does not count",
    )


class Attacks(Section):
    """The attacks and what they are measured on."""

    attacks: dict[Name, Attack] = Field(
        {
            "magnitude": Attack(selection="magnitude"),
            "paper": Attack(selection="paper", arms=["base"]),
            "static": Attack(
                selection="magnitude", source="static", targets=["es+sas"], fractions=[0.1]
            ),
        },
        description="registry; 'run.attacks' says which are used",
    )
    benchmarks: dict[Name, Benchmark] = Field(
        {
            "harmful": Benchmark(dataset="organism", categories=list(CATEGORIES), role="harmful"),
            "benign": Benchmark(
                dataset="organism", categories=["benign", "lookalike"], role="safe"
            ),
        },
        description="registry; 'run.benchmarks' says which are used",
    )
    judges: Distinct[Name] = Field(
        ["oracle", "refusal_prefix"],
        min_length=1,
        description="oracle (exact, of organism prompts only), refusal_prefix, or keys of "
        "'model_judges'; the report and the paper's tables show the first that judges a model",
    )
    model_judges: dict[Name, ModelJudge] = Field({}, description="registry of judges with a model")
    max_new_tokens: int = Field(24, ge=1, le=16384, description="of a greedy response")
