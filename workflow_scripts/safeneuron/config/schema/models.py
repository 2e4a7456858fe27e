"""Models: trained here, in a folder, in a file, or on the hub."""

from typing import Annotated, Literal

from pydantic import Field

from safeneuron.models.settings import GgufCheckpoint, HubCheckpoint, LocalCheckpoint
from safeneuron.neurons.criteria.registry import Thresholds
from safeneuron.organism.settings import OrganismModel
from safeneuron.settings import Section


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


Model = Annotated[OrganismModel | LocalModel | GgufModel | HubModel, Field(discriminator="kind")]
