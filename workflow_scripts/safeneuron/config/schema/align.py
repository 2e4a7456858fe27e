"""Iterative alignment: the mix of pairs, the training of a round, the arms."""

from typing import Annotated, Self, get_args

from pydantic import Field, model_validator

from safeneuron.alignment.arms.registry import Method
from safeneuron.alignment.settings import ArmSettings, Override, TrainingRun
from safeneuron.settings import Distinct, Name, Section, Share

Rounds = Annotated[int, Field(ge=1, le=20)]


class Preferences(Section):
    """The preference pairs of a round: safety pairs mixed with general ones."""

    sources: Distinct[Name] = Field(
        ["organism"],
        min_length=1,
        description="keys of 'preferences': the organism's alone, or files and hub sets",
    )
    pairs: Annotated[int, Field(ge=2)] | None = Field(
        1280,
        description="in all; the same in every arm and round. null: every safety pair of the "
        "sources, and general ones in proportion",
    )
    safety_share: Share = Field(
        0.4,
        description="the rest is general. The paper mixes 0.3; on the organism that pushes the "
        "refusal sentence itself down and clean refusals break by T3, while 0.5 makes it refuse "
        "look-alikes (docs/log.md)",
    )
    seed: int = Field(0, ge=0, description="of the draw")

    @model_validator(mode="after")
    def _count(self) -> Self:
        if self.pairs is None and (self.sources == ["organism"] or self.safety_share == 0):
            raise ValueError(
                "'pairs' is needed for the organism's pairs and for a mix without any safety"
            )
        return self


class Align(Section):
    """Iterative alignment (paper §3.3): re-identify, protect, train the rest, repeat."""

    rounds: Rounds = Field(3, description="T1 … T_rounds (paper: 3)")
    rounds_of: dict[Name, Rounds] = Field(
        {}, description="model -> rounds of it instead (paper: 3 of one model, 1 of the others)"
    )
    selections: Distinct[Name] = Field(
        ["magnitude"],
        min_length=1,
        description="the union of these neuron sets is what an arm acts on",
    )
    accumulate: bool = Field(
        True, description="a round's set holds those of all rounds before it (paper: yes)"
    )
    preferences: Preferences = Preferences()
    preferences_of: dict[Name, Preferences] = Field(
        {}, description="model -> the mix that it is aligned on instead, such as one with images"
    )
    training: TrainingRun = TrainingRun()
    overrides: dict[int, Override] = Field(
        {}, description="round -> what differs there, such as {2: {learning_rate: 1.0e-5}}"
    )
    arms: dict[Name, ArmSettings] = Field(
        {name: ArmSettings(method=name) for name in get_args(Method)},
        description="registry; 'run.arms' says which are used",
    )

    def _all_overrides(self) -> dict[str, Override]:
        """Key -> override, of arms and rounds."""
        arms = {f"arms.{name}.training": arm.training for name, arm in self.arms.items()}
        rounds = {f"overrides.{number}": override for number, override in self.overrides.items()}
        return {key: override for key, override in (arms | rounds).items() if override}

    @model_validator(mode="after")
    def _overrides_of_the_same_length(self) -> Self:
        for key, override in self._all_overrides().items():
            for unit in ("steps", "epochs"):
                if getattr(override, unit) is not None and getattr(self.training, unit) is None:
                    raise ValueError(
                        f"align.{key}.{unit}: {getattr(override, unit)}, but align.training counts "
                        f"{'epochs' if unit == 'steps' else 'steps'}; give it in these"
                    )
        return self

    @model_validator(mode="after")
    def _sharded_without_reference(self) -> Self:
        weights = {"training": self.training.kl_weight} | {
            key: override.kl_weight for key, override in self._all_overrides().items()
        }
        for key, weight in weights.items():
            if self.training.parallel == "fsdp" and weight:
                raise ValueError(
                    f"align.{key}.kl_weight: {weight} needs a reference model in each process, "
                    "which parallel: fsdp does not keep; allowed with fsdp: 0"
                )
        return self

    def rounds_for(self, model: str) -> int:
        """The last round of a model."""
        return self.rounds_of.get(model, self.rounds)

    def mix_of(self, model: str) -> Preferences:
        """The preference mix that a model is aligned on."""
        return self.preferences_of.get(model, self.preferences)

    def mixes(self) -> dict[str, Preferences]:
        """Key -> preference mix."""
        own = {f"align.preferences_of.{model}": mix for model, mix in self.preferences_of.items()}
        return {"align.preferences": self.preferences, **own}
