"""Pruning attacks, what they are measured on, and who judges."""

from typing import Annotated, Literal

from pydantic import Field

from safeneuron.interventions.settings import AnyOperator
from safeneuron.interventions.zero_ablate import ZeroAblate
from safeneuron.organism.vocabulary import CATEGORIES
from safeneuron.settings import Categories, Distinct, Name, PositiveShare, Section

Level = Literal["es", "sas", "full"]


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
    levels: Distinct[Level] = Field(
        ["es", "sas", "full"], min_length=1, description="the paper's attack levels beside ORI"
    )
    fractions: Distinct[PositiveShare] = Field(
        [0.05, 0.1, 0.2],
        description="also zero so many of all neurons, ranked by the level's score",
    )
    operator: AnyOperator = Field(
        ZeroAblate(),
        description="what is done to them: zero_ablate (held at zero), weights (the same, written "
        "into the weights), pin (held at each of 'strengths')",
    )
    random_controls: int = Field(
        2, ge=1, le=100, description="random sets matched per layer, for each attacked set"
    )


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
        "of 'models'; null means all",
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
                selection="magnitude", source="static", levels=["full"], fractions=[0.1]
            ),
        }
    )
    benchmarks: dict[Name, Benchmark] = Field(
        {
            "harmful": Benchmark(dataset="organism", categories=list(CATEGORIES), role="harmful"),
            "benign": Benchmark(
                dataset="organism", categories=["benign", "lookalike"], role="safe"
            ),
        }
    )
    judges: Distinct[Name] = Field(
        ["oracle", "refusal_prefix"],
        min_length=1,
        description="oracle (exact, for organism prompts only), refusal_prefix, or keys of "
        "'model_judges'; the report and the paper's tables show the first",
    )
    model_judges: dict[Name, ModelJudge] = Field({}, description="registry of judges with a model")
    max_new_tokens: int = Field(24, ge=1, le=16384, description="of a greedy response")
