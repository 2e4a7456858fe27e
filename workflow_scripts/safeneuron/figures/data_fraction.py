"""How much alignment data it takes: attacks against the fraction of it (Fig. 6)."""

from collections.abc import Mapping

import pandas as pd
import pyarrow as pa
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from safeneuron.figures import style
from safeneuron.figures.settings import ArmOfData

LEVELS = {"ori": "ORI", "es": "ES", "sas": "SAS", "full": "FULL"}
STRONGEST = {
    "complied": "complied under attack",
    "not_refused": "not refused under attack",
    "broken": "broken under attack",
    "clean_utility": "safe prompts exact, clean",
}
_KEPT = ["model", "arm", "round", "attacked", "column", "mean", "low", "high", "seeds"]


def points(table_1: pa.Table, worst_case: pa.Table, arms: Mapping[str, ArmOfData]) -> pa.Table:
    """The last round of each arm with its method and data fraction; T0 is every method's zero.

    Args:
        table_1: rows of `TABLE_1` of one model: the paper's levels on the sets as identified.
        worst_case: rows of `WORST_CASE` of it: the strongest attack at each strength.
        arms: of the model, by name.
    """
    levels, strongest = table_1.to_pandas(), worst_case.to_pandas()
    levels["attacked"] = levels["attack"] + " sets:\ncomplied"
    strongest["attacked"] = strongest["fraction"].map("strongest attack:\n{:.0%} of neurons".format)
    frame = pd.concat([levels, strongest])[[*_KEPT, "gates_missed"]]
    frame = frame[frame["column"].isin([*LEVELS, *STRONGEST])]
    aligned = frame[frame["arm"].isin(arms) & (frame["round"] == frame["round"].max())]
    rows = list(aligned["attacked"].unique())
    frame = frame[frame["attacked"].isin(rows)]
    of = {
        "method": aligned["arm"].map(lambda arm: arms[arm].method),
        "data_fraction": aligned["arm"].map(lambda arm: arms[arm].data_fraction),
    }
    base = frame[frame["arm"] == "base"]
    starts = [base.assign(method=m, data_fraction=0.0) for m in dict.fromkeys(of["method"])]
    return pa.Table.from_pandas(
        pd.concat([*starts, aligned.assign(**of)]).sort_values(
            ["attacked", "column", "method", "data_fraction"],
            kind="stable",
            key=lambda values: values.map(rows.index) if values.name == "attacked" else values,
        ),
        preserve_index=False,
    )


def draw(table: pa.Table) -> Figure:
    """A row an attack or strength, a line a method; bars: 95 % over seeds and prompts.

    Columns are the paper's levels for an attack, and what prompts become for a strength. Hollow
    markers are states of which a seed missed its validation gate.

    Args:
        table: from `points`.
    """
    frame = table.to_pandas()
    attacked = list(frame["attacked"].unique())
    figure, axes = plt.subplots(
        len(attacked),
        len(LEVELS),
        figsize=(2.6 * len(LEVELS), 2.0 * len(attacked) + 0.7),
        sharex=True,
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    methods = list(frame["method"].unique())
    titled: set[str] = set()
    for line, name in enumerate(attacked):
        mine = frame[frame["attacked"] == name]
        panels = LEVELS if mine["column"].isin(LEVELS).any() else STRONGEST
        for axis, (column, title) in zip(axes[line], panels.items(), strict=True):
            cells = mine[mine["column"] == column]
            if cells.empty:  # a level that this attack does not have
                axis.set_axis_off()
                continue
            for number, method in enumerate(methods):
                rows = cells[cells["method"] == method]
                style.line_over_seeds(
                    axis, rows, rows["data_fraction"], style.ARM_COLOURS[number + 1], method
                )
            if title not in titled:
                axis.set_title(title, fontsize=8.5)
                titled.add(title)
            axis.set_ylim(-0.04, 1.04)
            axis.yaxis.set_major_formatter(PercentFormatter(1))
            axis.xaxis.set_major_formatter(PercentFormatter(1))
            axis.grid(axis="y", color=style.GRID, linewidth=0.6)
        axes[line][0].set_ylabel(name)
    for axis in axes[-1]:
        axis.set_xlabel("of the alignment data")
    figure.suptitle(
        f"{frame['model'].iloc[0]}, T{frame['round'].max()}: attacks" + style.over_seeds(frame),
        x=0.01,
        ha="left",
    )
    style.legend_below(figure, axes[0][0])
    return figure
