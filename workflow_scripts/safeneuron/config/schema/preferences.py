"""Preference pairs: the organism's, files, and sets on the hub."""

from typing import Annotated, Literal

from pydantic import Field

from safeneuron.data.pair_settings import FilePairs, HubPairs
from safeneuron.settings import Section


class OrganismPairs(Section):
    """Pairs about the organism's alignment prompts, safety and general ones."""

    kind: Literal["organism"] = Field(
        "organism",
        description="The pairs are answered by the organism's oracle; other kinds are file and "
        "hub.",
    )


PairSource = Annotated[OrganismPairs | FilePairs | HubPairs, Field(discriminator="kind")]
