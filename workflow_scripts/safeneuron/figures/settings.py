"""Settings of the stages that draw figures: what is shown."""

from safeneuron.settings import Section


class OneModel(Section):
    """Settings of a figure of one model: whose rows are drawn."""

    model: str


class OneJudge(OneModel):
    """Settings of `figure_attack`: whose rows, and by which judge's verdicts."""

    judge: str


class MatrixFigure(OneModel):
    """Settings of `figure_matrix`: whose rows, and what the attacks in it may cost."""

    utility_bound: float


class ArmOfData(Section):
    """An arm of Figure 6: its method, and the share of the pairs that it was trained on."""

    method: str
    data_fraction: float


class DataFractionSettings(OneModel):
    """Settings of `figure_data_fraction`: whose rows, and the model's arms."""

    arms: dict[str, ArmOfData]
