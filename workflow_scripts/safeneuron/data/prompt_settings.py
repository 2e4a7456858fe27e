"""Settings of the stages that make prompt tables: the configuration's own entries of `datasets`."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from safeneuron.data.hub_files import HubFiles
from safeneuron.settings import Categories, Name, Section

UNNAMED = "all"
"""Category of the prompts of a plain list, unless the configuration gives another."""


class PromptColumns(Section):
    """How a source's rows become prompts."""

    text: str | None = Field(
        None,
        description="Column that holds the prompt; null where there are no columns (nested topics, "
        "a list of prompts) or where 'constant_text' is asked.",
    )
    constant_text: str | None = Field(
        None,
        min_length=1,
        description="Prompt of every row, such as 'Explain this image.', in place of 'text'.",
    )
    image: str | None = Field(
        None,
        description="Column of an image that is shown before the prompt: the name of its file, or "
        "the image itself (parquet and hub). Only models that see answer such prompts.",
    )
    category: str | None = Field(None, description="Column that holds the prompt's category.")
    constant_category: str | None = Field(
        None, description="Category of every prompt, where no column holds it."
    )
    id: str | None = Field(
        None, description="Column that holds unique ids; null numbers the rows from 1."
    )
    cluster: str | None = Field(
        None,
        description="Column that is equal for variants of one request, such as paraphrases of one "
        "question. Intervals then count them as one, not as independent prompts; null means that "
        "no two prompts are variants.",
    )
    where: dict[str, Annotated[list[str | int | bool], Field(min_length=1)]] = Field(
        {},
        description="Values that a column may have, column by column; other rows are left out.",
    )
    split: str = Field("identification", description="Split that all of the prompts belong to.")
    deduplicate: bool = Field(
        False, description="Keep only the first of the rows whose texts (and images) are equal."
    )
    limit: int | None = Field(
        None,
        ge=1,
        description="Keep so many prompts, drawn at random in proportion to the categories' sizes: "
        "each category keeps at least one where so many can, and the order of the file stays. Of "
        "a hub set that is streamed the first rows are kept. Null keeps all.",
    )
    seed: int = Field(0, ge=0, description="Seed of the draw of 'limit'.")


def _check_text(columns: PromptColumns) -> None:
    if columns.text is None and columns.constant_text is None:
        raise ValueError("'text' is missing; it names the column that holds the prompt")
    if columns.constant_text is not None and (columns.text or not columns.image):
        raise ValueError("'constant_text' asks the same of every 'image', instead of 'text'")
    if (columns.category is None) == (columns.constant_category is None):
        raise ValueError("give exactly one of 'category' and 'constant_category'")


class FileDataset(PromptColumns):
    """A user's file of prompts."""

    kind: Literal["file"] = Field("file", description="The prompts are in a file.")
    path: str = Field(
        description="File of the prompts (csv, json, jsonl or parquet), relative to 'data'. A json "
        "list of strings needs neither 'text' nor a category."
    )
    nested: bool = Field(
        False,
        description="The file is json nested as {topic: {subtopic: [prompt, ...]}} or "
        "{topic: [prompt, ...]}; the topics are the categories.",
    )
    images: str | None = Field(
        None,
        description="Folder of the files that the column 'image' names, relative to 'data'; null "
        "takes the folder of the file of prompts.",
    )

    @model_validator(mode="after")
    def _columns(self) -> Self:
        columns = self._named_columns()
        if self.nested:
            if columns or self.constant_category or self.constant_text:
                raise ValueError(
                    "a nested file has no columns: drop text, category, constant_category, id, "
                    "cluster, where, image, constant_text"
                )
        elif self.text or self.constant_text:
            _check_text(self)
        elif columns:
            raise ValueError(
                "'text' is missing; it names the column that holds the prompt. Without it the "
                "file is a list of prompts, which has no columns: "
                f"then drop {', '.join(columns)} (constant_category names a category of all)"
            )
        return self

    def _named_columns(self) -> list[str]:
        """The keys by which the entry says that the file has columns."""
        keys = ("text", "category", "id", "cluster", "where", "image")
        return [key for key in keys if getattr(self, key)]


class HubDataset(PromptColumns):
    """Prompts on the Hugging Face hub, downloaded once by a local rule."""

    kind: Literal["hub"] = Field("hub", description="The prompts are on the Hugging Face hub.")
    hub: HubFiles = Field(description="Where on the hub the prompts are.")
    prompts: int | None = Field(
        None,
        ge=1,
        description="About how many prompts the set has, for the estimates of memory and time "
        "only; null where it is not known.",
    )
    categories: Categories | None = Field(
        None,
        description="Categories that the column 'category' holds, as the prompt table writes them "
        "(lower case, hyphens). Jobs are planned from them before the download, which is checked "
        "against them.",
    )

    @model_validator(mode="after")
    def _columns(self) -> Self:
        _check_text(self)
        if (self.category is None) != (self.categories is None):
            raise ValueError(
                "'categories' lists what the column 'category' holds; give both or neither"
            )
        if self.limit is not None and self.limit < len(self.categories or ()):
            raise ValueError(
                f"limit: {self.limit} keeps prompts of so many categories at most, and "
                f"'categories' has {len(self.categories or ())}; raise it, or leave categories "
                "out with 'where'"
            )
        return self


class TypographicDataset(Section):
    """The questions of another prompt set, shown in images (FigStep; the paper's VL-Question)."""

    kind: Literal["typographic"] = Field(
        "typographic", description="The prompts are those of another set, drawn as images."
    )
    of: Name = Field(
        description="Prompt set whose questions are shown, a key of 'datasets'. Splits and "
        "categories are its own, and judges read its text."
    )
    instruction: str = Field(
        "Answer the question in the image.",
        min_length=1,
        description="Instruction that is asked beside each image (paper: this one).",
    )
    list_items: int = Field(
        3,
        ge=0,
        le=9,
        description="Length of the empty numbered list below the question (FigStep: 3).",
    )


class FilePrompts(Section):
    """Settings of `file_prompts`: a data set's name and entry."""

    dataset: Name
    source: FileDataset


class HubPrompts(Section):
    """Settings of `hub_prompts`: a data set's name and entry."""

    dataset: Name
    source: HubDataset


class TypographicPrompts(Section):
    """Settings of `typographic_prompts`: a data set's name and entry."""

    dataset: Name
    source: TypographicDataset
