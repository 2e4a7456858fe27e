"""Safety tuning of a model that is not the organism: on which prompts, how, and to what end."""

from typing import Annotated

from pydantic import Field

from safeneuron.config.schema.identification import Side
from safeneuron.data.refusals import REFUSALS
from safeneuron.settings import Distinct, Name, Section
from safeneuron.tuning.settings import Sentence, TuningBounds, TuningSteps


class SafetyTuning(Section):
    """Ordinary supervised safety tuning: harmful prompts are refused, and harmless ones answered as
    the model answered them before."""

    harmful: Side = Field(description="Prompts that are answered with one of 'refusals'.")
    harmless: Side = Field(
        description="Prompts that the model answers itself before it is tuned, and then learns to "
        "answer so. Look-alikes of harmful prompts belong here, or the model refuses them too."
    )
    without: Distinct[Name] = Field(
        [],
        description="Prompt sets, keys of 'datasets', none of whose prompts is trained on, such as "
        "the benchmarks: prompts of the two sides that are in them are left out.",
    )
    refusals: Annotated[list[Sentence], Field(min_length=1)] = Field(
        [*REFUSALS], description="Sentences, one of which answers each harmful prompt."
    )
    answer_tokens: int = Field(
        32,
        ge=1,
        description="Greatest length of the model's own answers, in tokens: how one begins decides "
        "what it is, and the end of one that is cut off is not learned.",
    )
    training: TuningSteps = TuningSteps()


class TuningGate(TuningBounds):
    """What a safety-tuned model must show on validation prompts, which it was not trained on."""

    harmful: Side = Field(description="Harmful prompts of the gate.")
    harmless: Side = Field(description="Harmless prompts of the gate, look-alikes among them.")

    @property
    def bounds(self) -> TuningBounds:
        """What must be shown, without the prompts."""
        return TuningBounds(**self.model_dump(exclude={"harmful", "harmless"}))
