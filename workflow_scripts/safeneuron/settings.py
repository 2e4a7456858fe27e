"""What all sections share: strict types, names, shares, lists without repeats."""

import difflib
from collections.abc import Iterable
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)
from pydantic_core import PydanticCustomError

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=64)]
Share = Annotated[float, Field(ge=0, le=1)]
PositiveShare = Annotated[float, Field(gt=0, le=1)]
T = TypeVar("T")


def _without_repeats(values: list[T]) -> list[T]:
    repeated = {value for value in values if values.count(value) > 1}
    if repeated:
        raise ValueError(f"{values} names {', '.join(sorted(map(repr, repeated)))} twice")
    return values


Distinct = Annotated[list[T], AfterValidator(_without_repeats)]
Categories = Annotated[Distinct[str], Field(min_length=1)]


def near_miss(word: str, known: Iterable[str]) -> str:
    """', did you mean 'x'?' for the closest known word, or nothing."""
    close = difflib.get_close_matches(str(word), [str(k) for k in known], n=1)
    return f", did you mean '{close[0]}'?" if close else ""


class Section(BaseModel):
    """A mapping of the config file: strict types, unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, data: Any) -> Any:
        keys = [str(key) for key in data] if isinstance(data, dict) else []
        known = cls.model_fields
        unknown = [
            f"unknown key '{key}'{near_miss(key, known)}" for key in keys if key not in known
        ]
        if unknown:
            raise PydanticCustomError(
                "unknown_key",
                "{problems}; allowed: {allowed}",
                {"problems": "; ".join(unknown), "allowed": ", ".join(known)},
            )
        return data
