"""Where on the Hugging Face hub a data set is; `data.hub` reads it."""

from pydantic import Field

from safeneuron.settings import Distinct, Section


class HubFiles(Section):
    """Where on the Hugging Face hub a data set is."""

    id: str = Field(min_length=1, description="Name of the data set on the hub, owner/name.")
    config: str | None = Field(
        None, description="Subset of the data set; null where it has only one."
    )
    split: str = Field("train", description="Split of the data set on the hub that is read.")
    revision: str | None = Field(
        None,
        description="Commit, tag or branch of the data set; null takes the newest, and only a "
        "commit can be repeated.",
    )
    files: Distinct[str] | None = Field(
        None,
        min_length=1,
        description="Data files in the repository that are read; null reads those that it "
        "declares.",
    )
    streaming: bool = Field(
        False,
        description="Read row by row and stop at the 'limit' of the data set, which then keeps "
        "the first rows: those behind it are never downloaded.",
    )
