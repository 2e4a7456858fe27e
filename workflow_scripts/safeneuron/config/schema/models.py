"""Models: trained here, in a folder, or on the hub."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from safeneuron.neurons.criteria.registry import Thresholds
from safeneuron.organism.settings import OrganismModel
from safeneuron.settings import Section


class Checkpoint(Section):
    """What a model that the workflow does not train itself says of itself."""

    dtype: Literal["float32", "bfloat16", "float16"] = Field(
        "bfloat16",
        description="Precision of the loaded weights; alignment trains float32 copies and saves "
        "in this one.",
    )
    thresholds: Thresholds | None = Field(
        None,
        description="Thresholds on this model in place of those of every selection by "
        "thresholds, since the paper's differ by family; null keeps the selection's.",
    )


class LocalModel(Checkpoint):
    """A checkpoint folder as `save_pretrained` writes it, with tokenizer and chat template."""

    kind: Literal["local"] = Field("local", description="The checkpoint is a folder.")
    path: str = Field(
        description="Folder with config.json, *.safetensors and the tokenizer's files."
    )


class HubModel(Checkpoint):
    """A checkpoint on the Hugging Face hub: downloaded once, into the hub's cache (HF_HOME)."""

    kind: Literal["hub"] = Field("hub", description="The checkpoint is on the Hugging Face hub.")
    id: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*/[A-Za-z0-9][A-Za-z0-9_.-]*$",
        max_length=96,
        description="Name of the model on the hub, owner/name.",
    )
    revision: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")] | None = Field(
        description="Whole commit, 40 hex digits; null takes the newest commit when the model is "
        "first downloaded, and its checkpoint.json records which that was.",
    )
    parameters: int = Field(
        ge=1,
        description="Number of parameters, for estimates of memory and time before the model is "
        "there.",
    )


Model = Annotated[OrganismModel | LocalModel | HubModel, Field(discriminator="kind")]
