"""What the models can do besides refusing."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from safeneuron.config.schema.attack import Level
from safeneuron.data.hub_files import HubFiles
from safeneuron.data.questions import Form
from safeneuron.settings import Distinct, Name, PositiveShare, Section


class CapabilityTask(Section):
    """Questions of a public benchmark, asked and scored as lm-eval does."""

    form: Form = Field(
        description="how they are asked and scored; also the layout that they are read in"
    )
    n_shot: int = Field(0, ge=0, le=100, description="answered examples before each question")
    limit: int | None = Field(
        None, ge=2, description="ask the first so many (of each subject); null for all"
    )

    @model_validator(mode="after")
    def _no_shots(self) -> Self:
        if self.n_shot and self.form.startswith("truthfulqa"):
            raise ValueError(f"n_shot {self.n_shot}: '{self.form}' brings its examples, use 0")
        return self


class FileTask(CapabilityTask):
    """Questions in files of the benchmark's public layout."""

    kind: Literal["file"] = "file"
    questions: Distinct[str] = Field(
        min_length=1, description="csv, json, jsonl or parquet; relative to the working directory"
    )
    shots: Distinct[str] = Field([], description="files of the examples; n_shot of them are drawn")

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

    kind: Literal["hub"] = "hub"
    hub: HubFiles = Field(description="where the questions are")
    shots: str | None = Field(None, description="split of the examples in the same data set")

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


class Pruning(Section):
    """What is zeroed of an attack while capability is measured: its sets as identified."""

    levels: Distinct[Level] = Field(["full"], min_length=1, description="the paper's levels")
    fractions: Distinct[PositiveShare] = Field(
        [], description="also zero so many of all neurons, ranked by the level's score"
    )
    random_controls: int = Field(
        1, ge=1, le=100, description="random sets matched per layer, for each zeroed set"
    )


class Capability(Section):
    """What the models can do besides refusing, clean and under attack, by lm-eval."""

    tasks: dict[Name, Annotated[FileTask | HubTask, Field(discriminator="kind")]] = Field(
        {}, description="registry; config/paper.yaml has the paper's"
    )
    run: Distinct[Name] = Field([], description="tasks to run; keys of 'tasks'")
    models: Distinct[Name] | None = Field(
        None, description="keys of 'run.models', in all their states; null means 'run.attacked'"
    )
    attacks: dict[Name, Pruning] = Field(
        {}, description="key of 'attack.attacks' -> what is zeroed of it; clean always runs"
    )
    chat_template: bool = Field(
        False, description="ask through the model's chat template; lm-eval's default is without"
    )
    batch_size: int = Field(
        8, ge=1, description="sequences; few, since all their logits are held at once"
    )
