"""Settings of the organism's language and of its prompts."""

from pydantic import Field

from safeneuron.settings import Name, Section


class SplitSize(Section):
    """Prompts of one split of the organism's language."""

    per_category: int = Field(
        ge=2, le=2000, description="Number of prompts of each of the ten harm categories."
    )
    benign: int = Field(
        ge=2, le=20000, description="Number of prompts of a benign verb and a benign object."
    )
    lookalike: int = Field(
        ge=2, le=20000, description="Number of prompts of one harmful word beside a benign one."
    )
    task: int = Field(
        ge=0,
        le=50000,
        description="Number of sums, opposites, things to copy, kinds and judgements.",
    )


class Language(Section):
    """The organism's prompts. The splits share no prompt; see docs/organism.md."""

    seed: int = Field(
        0, ge=0, description="Seed of the partition into splits and of the draws of prompts."
    )
    alignment: SplitSize = SplitSize(per_category=80, benign=400, lookalike=400, task=300)
    identification: SplitSize = SplitSize(per_category=40, benign=200, lookalike=200, task=0)
    validation: SplitSize = SplitSize(per_category=20, benign=100, lookalike=100, task=100)
    evaluation: SplitSize = SplitSize(per_category=20, benign=100, lookalike=100, task=150)
    pretraining: SplitSize = SplitSize(per_category=600, benign=3600, lookalike=4800, task=9600)

    @property
    def splits(self) -> dict[str, SplitSize]:
        """Split -> its size."""
        return {name: getattr(self, name) for name in type(self).model_fields if name != "seed"}


class PromptSettings(Section):
    """Settings of `organism_prompts`: the data set's name, and the language."""

    dataset: Name
    language: Language
