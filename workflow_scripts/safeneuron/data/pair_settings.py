"""Settings of the stages that make tables of preference pairs."""

from typing import Annotated, Literal

from pydantic import Field

from safeneuron.data.hub_files import HubFiles
from safeneuron.settings import Name, PositiveShare, Section, Share


class PairColumns(Section):
    """How a source's rows become preference pairs."""

    role: Literal["safety", "general"] = Field(
        description="Part of the mix that the source's pairs belong to."
    )
    layout: Literal["columns", "answers", "messages", "conversations", "pku_saferlhf"] = Field(
        "columns",
        description="How a row holds its pair: columns (three columns of text), answers ('chosen' "
        "holds [better, worse]), messages ('chosen' and 'rejected' hold [{role, content}, ...]), "
        "conversations ('prompt' holds [{from, value}, ...], the others one of these each), or "
        "pku_saferlhf (its own columns, by safer_response_id).",
    )
    prompt: str = Field("prompt", description="Column that holds the prompt.")
    chosen: str = Field("chosen", description="Column that holds the better answer.")
    rejected: str = Field("rejected", description="Column that holds the worse answer.")
    refusal: Literal["chosen", "rejected"] | None = Field(
        None,
        description="The one of the two answers that is a built-in refusal in place of a column: "
        "the chosen one of unsafe prompts, or the rejected one of safe prompts; null for none.",
    )
    max_answer_words: int | None = Field(
        None,
        ge=1,
        description="Leave out pairs of which an answer has more words, which decides the cost of "
        "training; null keeps all.",
    )
    image: str | None = Field(
        None,
        description="Column of an image that is shown before the prompt: the name of its file, or "
        "the image itself (parquet and hub). Only models that see are aligned on such pairs.",
    )
    where: dict[str, Annotated[list[str | int | bool], Field(min_length=1)]] = Field(
        {},
        description="Values that a column may have, column by column; other rows are left out.",
    )
    share: PositiveShare = Field(
        1.0,
        description="Share of the source's prompts that is drawn at random, with all pairs of "
        "each.",
    )


class FilePairs(PairColumns):
    """A user's file of preference pairs."""

    kind: Literal["file"] = Field("file", description="The pairs are in a file.")
    path: str = Field(
        description="File of the pairs (csv, json, jsonl or parquet), relative to 'data'."
    )
    images: str | None = Field(
        None,
        description="Folder of the files that the column 'image' names, relative to 'data'; null "
        "takes the folder of the file of pairs.",
    )


class HubPairs(PairColumns):
    """Preference pairs on the Hugging Face hub."""

    kind: Literal["hub"] = Field("hub", description="The pairs are on the Hugging Face hub.")
    hub: HubFiles = Field(description="Where on the hub the pairs are.")


class FilePreferences(Section):
    """Settings of `file_preferences`: a source's name and entry."""

    name: Name
    source: FilePairs


class HubPreferences(Section):
    """Settings of `hub_preferences`: a source's name and entry."""

    name: Name
    source: HubPairs


class Mix(Section):
    """How many pairs are mixed, and how."""

    pairs: Annotated[int, Field(ge=2)] | None = Field(
        1280,
        description="Number of pairs of the mix, the same in every arm and round. Null takes every "
        "safety pair of the sources, and general ones in proportion.",
    )
    safety_share: Share = Field(
        0.4,
        description="Share of safety pairs in the mix; the rest is general. The paper mixes 0.3; "
        "on the organism that pushes the refusal sentence itself down and clean refusals break by "
        "T3, while 0.5 makes it refuse look-alikes (docs/log.md).",
    )
    seed: int = Field(0, ge=0, description="Seed of the draw of the mix.")


class SourcesMix(Mix):
    """Settings of `mix_preferences`: the mix, and the share of its prompts of each source."""

    shares: dict[Name, PositiveShare]
