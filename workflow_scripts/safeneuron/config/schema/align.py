"""Iterative alignment: the mix of pairs, the training of a round, the arms."""

from typing import Annotated, Self, get_args

from pydantic import Field, model_validator

from safeneuron.alignment.arms.registry import Method
from safeneuron.alignment.settings import ArmSettings, Override, TrainingRun
from safeneuron.data.pair_settings import Mix
from safeneuron.settings import Distinct, Name, Section

Rounds = Annotated[int, Field(ge=1, le=20)]


class Preferences(Mix):
    """The preference pairs of a round: safety pairs mixed with general ones."""

    sources: Distinct[Name] = Field(
        ["organism"],
        min_length=1,
        description="Sources of the pairs, keys of 'preferences': the organism's alone, or files "
        "and hub sets.",
    )

    @model_validator(mode="after")
    def _count(self) -> Self:
        if self.pairs is None and (self.sources == ["organism"] or self.safety_share == 0):
            raise ValueError(
                "'pairs' is needed where 'sources' are the organism's pairs, and for a mix without "
                "any safety"
            )
        return self


class Align(Section):
    """Iterative alignment (paper §3.3): re-identify, protect, train the rest, repeat."""

    rounds: Rounds = Field(
        3, description="Number of rounds of alignment, T1 to T_rounds (paper: 3)."
    )
    rounds_of: dict[Name, Rounds] = Field(
        {},
        description="Numbers of rounds of single models in place of 'rounds', by model (paper: 3 "
        "for one model, 1 for the others).",
    )
    selections: Distinct[Name] = Field(
        ["magnitude"],
        min_length=1,
        description="Selections, keys of 'identification.selections', whose neuron sets together "
        "are what an arm acts on.",
    )
    accumulate: bool = Field(
        True, description="Whether a round's set holds those of all rounds before it (paper: yes)."
    )
    preferences: Preferences = Preferences()
    preferences_of: dict[Name, Preferences] = Field(
        {},
        description="Mixes that single models are aligned on in place of 'preferences', by "
        "model, such as one with images.",
    )
    training: TrainingRun = TrainingRun()
    overrides: dict[int, Override] = Field(
        {},
        description="Settings of single rounds that differ from 'training', by round, such as "
        "{2: {learning_rate: 1.0e-5}}.",
    )
    arms: dict[Name, ArmSettings] = Field(
        {name: ArmSettings(method=name) for name in get_args(Method)},
        description="Registry of arms, by name; 'run.arms' says which are used.",
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
