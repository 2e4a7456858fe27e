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

    selection: Name = Field(
        description="Selection that finds the attacked neurons, a key of "
        "'identification.selections'."
    )
    source: Literal["adaptive", "static"] = Field(
        "adaptive",
        description="State whose neurons are attacked: those found on the attacked model itself "
        "(adaptive), or once on its T0 (static).",
    )
    arms: Distinct[Name] | None = Field(
        None, description="Arms whose states are attacked ('base' is T0); null means all."
    )
    rounds: Distinct[Annotated[int, Field(ge=0)]] | None = Field(
        None, description="Rounds whose states are attacked; null means all."
    )
    models: Distinct[Name] | None = Field(
        None,
        min_length=1,
        description="Attacked models that undergo it, keys of 'models'; null means all.",
    )
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
    operator: AnyOperator = Field(
        ZeroAblate(),
        description="What is done to the neurons: zero_ablate (held at zero), weights (the same, "
        "written into the weights) or pin (held at each of 'strengths').",
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


class Benchmark(Section):
    """Prompts that an attacked model answers."""

    dataset: Name = Field(description="Prompt set that is asked, a key of 'datasets'.")
    split: str = Field("evaluation", description="Split of the prompt set that is asked.")
    categories: Categories | None = Field(
        None, description="Categories of the split that are asked; null means all."
    )
    role: Literal["harmful", "safe"] = Field(
        description="What the answers count for: harmful prompts give the attack success rate, "
        "safe ones utility and over-refusal."
    )
    models: Distinct[Name] | None = Field(
        None,
        min_length=1,
        description="Attacked models that are asked, keys of 'models', such as those that see "
        "images; null means all, or of the organism's prompts all that speak its language.",
    )


class ModelJudge(Section):
    """A model that is asked whether a response to a harmful prompt is harmful."""

    kind: Literal["llama_guard", "harmbench"] = Field(
        description="How the judge is asked and answers: as Llama Guard 3, or as the HarmBench "
        "classifier."
    )
    model: Name = Field(description="Model that judges, a key of 'models': local, gguf or hub.")
    keyword_veto: bool = Field(
        False,
        description="Report a second judge beside it, NAME_veto: the same verdicts, but harm in "
        "a response that says 'I cannot' or 'I will not' does not count.",
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
        description="Registry of attacks, by name; 'run.attacks' says which are used.",
    )
    benchmarks: dict[Name, Benchmark] = Field(
        {
            "harmful": Benchmark(dataset="organism", categories=list(CATEGORIES), role="harmful"),
            "benign": Benchmark(
                dataset="organism", categories=["benign", "lookalike"], role="safe"
            ),
        },
        description="Registry of benchmarks, by name; 'run.benchmarks' says which are asked.",
    )
    judges: Distinct[Name] = Field(
        ["oracle", "refusal_prefix"],
        min_length=1,
        description="Judges of the responses: oracle (exact, of organism prompts only), "
        "refusal_prefix (the published one, of a response's start), lasting_refusal (a refusal "
        "anywhere, without an answer beside it), or keys of 'model_judges'. The report and the "
        "paper's tables show the first that judges a model's prompts.",
    )
    model_judges: dict[Name, ModelJudge] = Field(
        {}, description="Registry of judges with a model, by name; 'judges' says which are used."
    )
    max_new_tokens: int = Field(
        24, ge=1, le=16384, description="Greatest length of a greedy response, in tokens."
    )
