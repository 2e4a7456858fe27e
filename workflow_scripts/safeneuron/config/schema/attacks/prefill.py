"""Attacks by the first words of the answer."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from safeneuron.config.schema.attacks.common import Arms, Models, Rounds
from safeneuron.settings import Distinct, Section


class PrefillAttack(Section):
    """An attack: force the first words of a helpful answer, and let the model go on."""

    kind: Literal["prefill"] = Field(
        "prefill", description="The first words of every answer are forced."
    )
    text: str = Field(
        pattern=r"\S",
        description="How a helpful answer begins, such as: Sure, here is. Words are what blanks "
        "divide.",
    )
    words: Distinct[Annotated[int, Field(ge=1)]] | None = Field(
        None,
        min_length=1,
        description="Numbers of the text's words that are forced, one after the other; null means "
        "one, the first two, and so on to all.",
    )
    arms: Arms = None
    rounds: Rounds = None
    models: Models = None
    random_controls: int = Field(
        2,
        ge=1,
        le=100,
        description="Number of ordinary texts that begin the answer instead, for each number of "
        "words: as many of the first words of a safe prompt of the identification.",
    )

    @model_validator(mode="after")
    def _no_more_than_the_text_has(self) -> Self:
        has = len(self.text.split())
        if self.words and max(self.words) > has:
            raise ValueError(f"words: 'text' has {has} words; more cannot be forced: {self.words}")
        return self

    @property
    def variants(self) -> int:
        """How many cells it has, without their controls."""
        return len(self.numbers)

    @property
    def numbers(self) -> list[int]:
        """The numbers of words that are forced."""
        return self.words or [*range(1, len(self.text.split()) + 1)]
