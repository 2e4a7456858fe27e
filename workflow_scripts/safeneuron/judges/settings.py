"""Settings of the stages that judge responses."""

from typing import Literal

from safeneuron.settings import Section


class JudgeSettings(Section):
    """Settings of `judge` and `keyword_veto`: the judge's name."""

    judge: str


class ModelJudgeSettings(Section):
    """Settings of `model_judge`: its name, how it is asked, and how it is run."""

    judge: str
    kind: Literal["llama_guard", "harmbench"]
    batch_size: int
    cpu_threads: int
