"""Settings of the stages that draw figures: what is shown."""

from safeneuron.settings import Section


class OneJudge(Section):
    """Settings of `figure_attack`: whose rows, and by which judge's verdicts."""

    model: str
    judge: str
