"""Keys that attacks of all kinds have: on which states they are made."""

from typing import Annotated, Literal

from pydantic import Field

from safeneuron.settings import Distinct, Name

Source = Literal["adaptive", "static"]

Arms = Annotated[
    Distinct[Name] | None,
    Field(description="Arms whose states are attacked ('base' is T0); null means all."),
]
Rounds = Annotated[
    Distinct[Annotated[int, Field(ge=0)]] | None,
    Field(description="Rounds whose states are attacked; null means all."),
]
Models = Annotated[
    Distinct[Name] | None,
    Field(
        min_length=1,
        description="Attacked models that undergo it, keys of 'models'; null means all.",
    ),
]
