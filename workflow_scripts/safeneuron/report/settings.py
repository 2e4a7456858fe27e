"""Settings of the report."""

from safeneuron.neurons.settings import StateSettings
from safeneuron.settings import Section


class ReportSettings(Section):
    """Settings of `report`.

    Attributes:
        states: those of the manifests, in their order.
        judges: those whose verdicts may be shown, the preferred one first.
        foreign_text: whether an organism is run on prompts that are not of its language.
    """

    experiment: str
    states: list[StateSettings]
    judges: list[str]
    foreign_text: bool
