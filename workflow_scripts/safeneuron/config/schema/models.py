"""Models: trained here, in a folder, in a file, or on the hub."""

from typing import Annotated, Literal

from pydantic import Field

from safeneuron.config.schema.identification import Side
from safeneuron.config.schema.tuning import SafetyTuning, TuningGate
from safeneuron.models.settings import GgufCheckpoint, HubCheckpoint, LocalCheckpoint
from safeneuron.neurons.criteria.registry import Thresholds
from safeneuron.organism.settings import OrganismModel
from safeneuron.settings import Name, Section


class Checkpoint(Section):
    """What is said of a model that the workflow does not train itself."""

    thresholds: Thresholds | None = Field(
        None,
        description="Thresholds on this model in place of those of every selection by "
        "thresholds, since the paper's differ by family; null keeps the selection's.",
    )


class LocalModel(LocalCheckpoint, Checkpoint):
    """A checkpoint folder as `save_pretrained` writes it, with tokenizer and chat template."""

    kind: Literal["local"] = Field("local", description="The checkpoint is a folder.")


class GgufModel(GgufCheckpoint, Checkpoint):
    """A model in one GGUF file (llama.cpp's format), which is converted once."""

    kind: Literal["gguf"] = Field("gguf", description="The model is a GGUF file.")


class HubModel(HubCheckpoint, Checkpoint):
    """A checkpoint on the Hugging Face hub: downloaded once, into the hub's cache (HF_HOME)."""

    kind: Literal["hub"] = Field("hub", description="The checkpoint is on the Hugging Face hub.")
    parameters: int = Field(
        ge=1,
        description="Number of parameters, for estimates of memory and time before the model is "
        "there.",
    )


class TunedModel(Checkpoint):
    """Another model after safety tuning by the workflow: a model of its own, so that the two can be
    compared. It has the other's precision and system prompt."""

    kind: Literal["tuned"] = Field(
        "tuned", description="The model is another one after safety tuning by the workflow."
    )
    base: Name = Field(
        description="Model that is tuned, a key of 'models': local, gguf or hub. It need not be in "
        "'run.models'."
    )
    safety_tuning: SafetyTuning
    gate: TuningGate

    def sides(self) -> dict[str, Side]:
        """Key below the model's -> prompts that are trained or validated on."""
        return {
            f"{part}.{side}": getattr(getattr(self, part), side)
            for part in ("safety_tuning", "gate")
            for side in ("harmful", "harmless")
        }


Checkpointed = LocalModel | GgufModel | HubModel
"""Models that come to the workflow as they are."""

Model = Annotated[OrganismModel | Checkpointed | TunedModel, Field(discriminator="kind")]
