"""What the models can do besides refusing."""

from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from safeneuron.config.schema.attacks.neurons import Target
from safeneuron.data.hub_files import HubFiles
from safeneuron.data.questions import Form
from safeneuron.settings import Distinct, Name, PositiveShare, Section


class CapabilityTask(Section):
    """Questions of a public benchmark, asked and scored as lm-eval does."""

    form: Form = Field(
        description="Benchmark whose prompt, scoring and layout of questions are used."
    )
    n_shot: int = Field(
        0, ge=0, le=100, description="Number of answered examples before each question."
    )
    limit: int | None = Field(
        None,
        ge=2,
        description="Number of questions that are asked, the first of each subject; null asks all.",
    )

    @model_validator(mode="after")
    def _no_shots(self) -> Self:
        if self.n_shot and self.form.startswith("truthfulqa"):
            raise ValueError(f"n_shot {self.n_shot}: '{self.form}' brings its examples, use 0")
        return self


class FileTask(CapabilityTask):
    """Questions in files of the benchmark's public layout."""

    kind: Literal["file"] = Field("file", description="The questions are in files.")
    questions: Distinct[str] = Field(
        min_length=1,
        description="Files of the questions (csv, json, jsonl or parquet), relative to 'data'.",
    )
    shots: Distinct[str] = Field(
        [],
        description="Files of the answered examples, of which n_shot are drawn, relative to "
        "'data'.",
    )

    @model_validator(mode="after")
    def _shots(self) -> Self:
        if self.n_shot and not self.shots:
            raise ValueError(f"n_shot {self.n_shot} needs 'shots', the files of the examples")
        if both := set(self.questions) & set(self.shots):
            raise ValueError(
                f"{', '.join(sorted(both))} is in 'questions' and in 'shots'; "
                "a question must not be its own example"
            )
        return self


class HubTask(CapabilityTask):
    """Questions on the Hugging Face hub, downloaded once by a local rule."""

    kind: Literal["hub"] = Field("hub", description="The questions are on the Hugging Face hub.")
    hub: HubFiles = Field(description="Where on the hub the questions are.")
    shots: str | None = Field(
        None,
        description="Split of the answered examples in the same data set; null where none are "
        "shown.",
    )

    @model_validator(mode="after")
    def _shots(self) -> Self:
        if self.n_shot and self.shots is None:
            raise ValueError(f"n_shot {self.n_shot} needs 'shots', the split of the examples")
        if self.shots == self.hub.split:
            raise ValueError(
                f"split '{self.shots}' holds the questions and the shots; "
                "a question must not be its own example"
            )
        return self


class Attacked(Section):
    """What of an attack is in force while capability is measured: on its sets as identified.

    An attack on directions is made with all the numbers of them that it has, one on neurons found
    anew with all its times; `targets` and `fractions` are of neurons by a selection, `fractions` of
    those by gradients too.
    """

    targets: Distinct[Target] | None = Field(
        None,
        min_length=1,
        description="Criteria of the attack's selection, several joined by +, whose neurons are "
        "attacked; null means all together.",
    )
    fractions: Distinct[PositiveShare] = Field(
        [],
        description="Shares of all neurons that are attacked too, ranked by the target's criteria.",
    )
    random_controls: int = Field(
        1,
        ge=1,
        le=100,
        description="Number of random sets, matched per layer, for each attacked set, or of random "
        "directions for each number of them.",
    )

    def targets_among(self, criteria: Sequence[str]) -> list[str]:
        """The attacked targets, given the criteria of the attack's selection."""
        return self.targets or ["+".join(criteria)]


class Capability(Section):
    """What the models can do besides refusing, clean and under attack, by lm-eval."""

    tasks: dict[Name, Annotated[FileTask | HubTask, Field(discriminator="kind")]] = Field(
        {}, description="Registry of tasks, by name; config/paper.yaml has the paper's."
    )
    run: Distinct[Name] = Field([], description="Tasks that are measured, keys of 'tasks'.")
    models: Distinct[Name] | None = Field(
        None,
        description="Models that are measured in all their states, keys of 'run.models'; null "
        "means 'run.attacked'.",
    )
    attacks: dict[Name, Attacked] = Field(
        {},
        description="Attacks, keys of 'attack.attacks', under which capability is measured too, "
        "and what of each is in force; the clean model is always measured.",
    )
    chat_template: bool = Field(
        False, description="Ask through the model's chat template; lm-eval's default is without."
    )
    batch_size: int = Field(
        8, ge=1, description="Sequences per batch; few, since all their logits are held at once."
    )
