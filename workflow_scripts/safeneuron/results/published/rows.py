"""Which of the paper's rows is which of ours."""

from typing import Self

from pydantic import Field, model_validator

from safeneuron.results.published import values
from safeneuron.settings import Distinct, Name, Section


class PublishedRows(Section):
    """Which of the paper's rows our own stand beside, in tables/against_paper; none by default."""

    models: dict[Name, values.Model] = Field(
        {},
        description="Names in the paper of our models, by key of 'models', such as qwen: "
        "Qwen2.5-7B.",
    )
    methods: dict[Name, values.Method] = Field(
        {
            "base": "base",
            "dpo": "RLHF",
            "freeze": "SafeNeuron",
            "freeze_ablate": "SafeNeuron",
            "sn_tune": "SN-Tune",
        },
        description="Names in the paper of our arms, by 'base' or key of 'align.arms'; by "
        "SafeNeuron it may mean either of two arms, so both are compared.",
    )
    benchmarks: dict[Name, values.Benchmark] = Field(
        {},
        description="Names in the paper of our benchmarks of role harmful, by key of "
        "'attack.benchmarks'.",
    )
    tasks: dict[Name, values.Capability] = Field(
        {}, description="Columns of the paper that are our tasks, by key of 'capability.tasks'."
    )
    attacks: Distinct[Name] = Field(
        ["paper"],
        min_length=1,
        description="Attacks of ours that may be the paper's ES, SAS and FULL, keys of "
        "'attack.attacks'.",
    )

    @model_validator(mode="after")
    def _one_each(self) -> Self:
        for key, names in (("benchmarks", self.benchmarks), ("tasks", self.tasks)):
            twice = {name for name in names.values() if list(names.values()).count(name) > 1}
            if twice:
                raise ValueError(f"{key}: {', '.join(sorted(twice))} is the name of two of ours")
        return self


class AgainstPaperSettings(PublishedRows):
    """Settings of `against_paper`: which rows are compared, and whose verdicts may be.

    Attributes:
        judges: the preferred one first.
    """

    experiment: str
    judges: list[str]
