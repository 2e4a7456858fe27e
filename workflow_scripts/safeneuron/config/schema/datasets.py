"""Prompt sets: the organism's, files, and sets on the hub."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from safeneuron.settings import Categories, Distinct, Name, Section


class OrganismDataset(Section):
    """The prompts of the organism's language."""

    kind: Literal["organism"] = Field(
        "organism", description="generated from 'organism.language'; or: file, hub, typographic"
    )


class HubFiles(Section):
    """Where on the Hugging Face hub a data set is."""

    id: str = Field(min_length=1, description="owner/name")
    config: str | None = Field(None, description="the subset; null if there is only one")
    split: str = Field("train", description="of the data set")
    revision: str | None = Field(
        None, description="commit, tag or branch; null takes the newest, a commit can be repeated"
    )
    files: Distinct[str] | None = Field(
        None, min_length=1, description="data files in the repository; null: those it declares"
    )
    streaming: bool = Field(False, description="download no more than 'limit' needs")


class PromptColumns(Section):
    """How a source's rows become prompts."""

    text: str | None = Field(None, description="column of the prompt; none if nested")
    constant_text: str | None = Field(
        None, min_length=1, description="prompt of all rows, such as 'Explain this image.'"
    )
    image: str | None = Field(
        None,
        description="column of an image that is shown before the prompt: the name of its file, or "
        "the image itself (parquet and hub); only models that see answer such prompts",
    )
    category: str | None = Field(None, description="column of the category")
    constant_category: str | None = Field(
        None, description="category of all rows, if no column holds it"
    )
    id: str | None = Field(None, description="column of unique ids; null numbers the rows")
    where: dict[str, Annotated[list[str | int | bool], Field(min_length=1)]] = Field(
        {}, description="column -> values; other rows are left out"
    )
    split: str = Field("identification", description="the split that all rows belong to")
    deduplicate: bool = Field(False, description="keep the first of rows with equal text")
    limit: int | None = Field(None, ge=1, description="keep the first so many rows")


def _check_text(columns: PromptColumns) -> None:
    if columns.text is None and columns.constant_text is None:
        raise ValueError("'text' names the column of the prompt; it is needed unless nested")
    if columns.constant_text is not None and (columns.text or not columns.image):
        raise ValueError("'constant_text' asks the same of every 'image', instead of 'text'")
    if (columns.category is None) == (columns.constant_category is None):
        raise ValueError("give exactly one of 'category' and 'constant_category'")


class FileDataset(PromptColumns):
    """A user's file of prompts."""

    kind: Literal["file"] = "file"
    path: str = Field(description="csv, json, jsonl or parquet; relative to the working directory")
    nested: bool = Field(False, description="json nested as topic -> subtopic -> [prompt]")
    images: str | None = Field(
        None, description="folder of the files that 'image' names; null: the folder of the file"
    )

    @model_validator(mode="after")
    def _columns(self) -> Self:
        if self.nested:
            used = self.text or self.category or self.constant_category or self.where or self.id
            if used or self.image or self.constant_text:
                raise ValueError(
                    "a nested file has no columns: drop text, category, constant_category, id, "
                    "where, image, constant_text"
                )
        else:
            _check_text(self)
        return self


class HubDataset(PromptColumns):
    """Prompts on the Hugging Face hub, downloaded once by a local rule."""

    kind: Literal["hub"] = "hub"
    hub: HubFiles
    prompts: int | None = Field(
        None, ge=1, description="about how many it has; for the estimates of memory and time only"
    )
    categories: Categories | None = Field(
        None,
        description="what the category column holds, as the prompt table writes it (lower case, "
        "hyphens): jobs are planned from it before the download, which is checked against it",
    )

    @model_validator(mode="after")
    def _columns(self) -> Self:
        _check_text(self)
        if (self.category is None) != (self.categories is None):
            raise ValueError(
                "'categories' lists what the column 'category' holds; give both or neither"
            )
        return self


class TypographicDataset(Section):
    """The questions of another prompt set, shown in images (FigStep; the paper's VL-Question)."""

    kind: Literal["typographic"] = "typographic"
    of: Name = Field(
        description="key of 'datasets'; splits and categories are its own, and judges read its text"
    )
    instruction: str = Field(
        "Answer the question in the image.",
        min_length=1,
        description="what is asked beside the image (paper: this)",
    )
    list_items: int = Field(
        3, ge=0, le=9, description="numbers of the empty list below the question, as in FigStep"
    )


Dataset = Annotated[
    OrganismDataset | FileDataset | HubDataset | TypographicDataset, Field(discriminator="kind")
]


def has_images(dataset: Dataset) -> bool:
    """Whether the prompts of a set come with images."""
    if isinstance(dataset, PromptColumns):
        return dataset.image is not None
    return isinstance(dataset, TypographicDataset)
