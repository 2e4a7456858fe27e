"""Preference pairs: the organism's, files, and sets on the hub."""

from typing import Annotated, Literal

from pydantic import Field

from safeneuron.config.schema.datasets import HubFiles
from safeneuron.settings import PositiveShare, Section


class OrganismPairs(Section):
    """Pairs about the organism's alignment prompts, safety and general ones."""

    kind: Literal["organism"] = Field(
        "organism", description="answered by the organism's oracle; or: file, hub"
    )


class PairColumns(Section):
    """How a source's rows become preference pairs."""

    role: Literal["safety", "general"] = Field(description="its part of the mix")
    layout: Literal["columns", "answers", "messages", "conversations", "pku_saferlhf"] = Field(
        "columns",
        description="columns (three of text); answers ('chosen' holds [better, worse]); messages "
        "(chosen and rejected hold [{role, content}, ...]); conversations (prompt holds [{from, "
        "value}, ...], the others one); pku_saferlhf (its own columns, by safer_response_id)",
    )
    prompt: str = Field("prompt", description="column")
    chosen: str = Field("chosen", description="column of the better answer")
    rejected: str = Field("rejected", description="column of the worse answer")
    image: str | None = Field(
        None, description="column of an image that is shown before the prompt; as in 'datasets'"
    )
    share: PositiveShare = Field(1.0, description="random share of its prompts, with all pairs")


class FilePairs(PairColumns):
    """A user's file of preference pairs."""

    kind: Literal["file"] = "file"
    path: str = Field(description="csv, json, jsonl or parquet; relative to the working directory")
    images: str | None = Field(
        None, description="folder of the files that 'image' names; null: the folder of the file"
    )


class HubPairs(PairColumns):
    """Preference pairs on the Hugging Face hub."""

    kind: Literal["hub"] = "hub"
    hub: HubFiles


PairSource = Annotated[OrganismPairs | FilePairs | HubPairs, Field(discriminator="kind")]
