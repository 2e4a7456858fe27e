"""Prompt sets: the organism's, files, and sets on the hub."""

from typing import Annotated, Literal

from pydantic import Field

from safeneuron.data.prompt_settings import (
    FileDataset,
    HubDataset,
    PromptColumns,
    TypographicDataset,
)
from safeneuron.settings import Section


class OrganismDataset(Section):
    """The prompts of the organism's language."""

    kind: Literal["organism"] = Field(
        "organism",
        description="The prompts are generated from 'organism.language'; other kinds are file, hub "
        "and typographic.",
    )


Dataset = Annotated[
    OrganismDataset | FileDataset | HubDataset | TypographicDataset, Field(discriminator="kind")
]


def has_images(dataset: Dataset) -> bool:
    """Whether the prompts of a set come with images."""
    if isinstance(dataset, PromptColumns):
        return dataset.image is not None
    return isinstance(dataset, TypographicDataset)
