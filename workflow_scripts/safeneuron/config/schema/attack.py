"""Attacks, what they are measured on, and who judges."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from safeneuron.config.schema.attacks.benign_tune import BenignTuneAttack
from safeneuron.config.schema.attacks.common import Rounds
from safeneuron.config.schema.attacks.direction import DirectionAttack
from safeneuron.config.schema.attacks.interpolate import InterpolateAttack
from safeneuron.config.schema.attacks.iterative import IterativeAttack
from safeneuron.config.schema.attacks.neurons import NeuronAttack
from safeneuron.config.schema.attacks.prefill import PrefillAttack
from safeneuron.config.schema.attacks.relearn import RelearnAttack
from safeneuron.config.schema.attacks.single import SingleAttack
from safeneuron.config.schema.attacks.taylor import TaylorAttack
from safeneuron.organism.vocabulary import CATEGORIES
from safeneuron.settings import Categories, Distinct, Name, Section, Share

UNSAID = "neurons"
"""The kind of an attack that does not say it, as all were on neurons once."""


def _with_kind(entry: Any) -> Any:
    return {"kind": UNSAID, **entry} if isinstance(entry, dict) else entry


Attack = Annotated[
    NeuronAttack
    | TaylorAttack
    | SingleAttack
    | IterativeAttack
    | DirectionAttack
    | PrefillAttack
    | InterpolateAttack
    | RelearnAttack
    | BenignTuneAttack,
    Field(discriminator="kind"),
    BeforeValidator(_with_kind),
]
"""A new kind is a file of `config.schema.attacks` and a member of this union."""


class Benchmark(Section):
    """Prompts that an attacked model answers."""

    dataset: Name = Field(description="Prompt set that is asked, a key of 'datasets'.")
    split: str = Field("evaluation", description="Split of the prompt set that is asked.")
    choose_on: str | None = Field(
        None,
        description="Another split of the prompt set that attacks are chosen on, never reported: "
        "tables/matrix has the strongest on it within 'attack.utility_bound'. Null asks none, and "
        "makes no such table.",
    )
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

    @model_validator(mode="after")
    def _chosen_on_others_than_reported(self) -> Self:
        if self.choose_on == self.split:
            raise ValueError(
                f"choose_on: '{self.choose_on}' is the split that is reported; name another one, "
                "such as validation, or null"
            )
        return self


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
            "magnitude": NeuronAttack(selection="magnitude"),
            "paper": NeuronAttack(selection="paper", arms=["base"]),
            "static": NeuronAttack(
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
    rounds: Rounds = Field(
        None,
        description="Rounds whose states are asked anything, clean or attacked; null means all. "
        "Each attack may name fewer.",
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
    utility_bound: Share = Field(
        0.1,
        description="Share of the clean model's utility that an attack of tables/matrix may cost "
        "at most, on the prompts of 'choose_on'.",
    )
    max_new_tokens: int = Field(
        24, ge=1, le=16384, description="Greatest length of a greedy response, in tokens."
    )
