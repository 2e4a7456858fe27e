"""Whether a ranking's first neurons matter most: MoRF and LeRF curves of T0."""

import numpy as np
import pandas as pd
import pyarrow as pa
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from safeneuron.figures import style
from safeneuron.results.causal_audit import LEAST, MOST, RANDOM

SHARES = {"complied": "complied", "utility": "safe prompts exact"}
CURVES = {
    RANDOM: (style.NULL, "--", "as many random neurons a layer as MoRF"),
    LEAST: (style.REFUSED, "-.", "LeRF: least relevant first"),
    MOST: (style.COMPLIED, "-", "MoRF: most relevant first"),
}


def draw(table: pa.Table) -> Figure:
    """A row a selection and share of prompts, a column a target, a curve an order; bands 95 %.

    The axis of neurons is stretched near zero (square root).

    Args:
        table: rows of `CAUSAL_CURVES` of one model's T0.
    """
    frame = table.to_pandas()
    targets = list(frame["target"].unique())
    shares = [name for name in SHARES if (frame["column"] == name).any()]
    rows = [(selection, name) for selection in frame["selection"].unique() for name in shares]
    figure, axes = plt.subplots(
        len(rows),
        len(targets),
        figsize=(2.9 * len(targets), 2.0 * len(rows) + 0.7),
        sharex=True,
        sharey=True,
        squeeze=False,
    )
    for line, (selection, name) in enumerate(rows):
        for axis, target in zip(axes[line], targets, strict=True):
            mine = frame[
                (frame["selection"] == selection)
                & (frame["column"] == name)
                & (frame["target"] == target)
            ]
            _panel(axis, mine)
            if line == 0:
                axis.set_title(target)
            if line == len(rows) - 1:
                axis.set_xlabel("neurons attacked")
        axes[line][0].set_ylabel(f"{selection}\n{SHARES[name]}")
    figure.suptitle(
        f"{frame['model'].iloc[0]}: a ranking read from both ends" + style.over_seeds(frame),
        x=0.01,
        ha="left",
    )
    style.legend_below(figure, axes[0][0])
    figure.tight_layout()
    return figure


def _panel(axis: Axes, rows: pd.DataFrame) -> None:
    axis.set_xscale("function", functions=(lambda x: np.sqrt(np.maximum(x, 0)), np.square))
    for curve, (colour, line, label) in CURVES.items():
        one = rows[rows["curve"] == curve].sort_values("fraction")
        low, high = one["low"].astype(float), one["high"].astype(float)
        axis.fill_between(one["fraction"], low, high, color=colour, alpha=0.15, lw=0)
        axis.plot(
            one["fraction"], one["mean"], color=colour, ls=line, marker="o", ms=2.5, lw=1.2,
            label=label,
        )  # fmt: skip
    ticks = sorted(rows["fraction"].unique())
    axis.set_xticks(ticks, [style.as_percent(tick) for tick in ticks], fontsize=7, rotation=60)
    axis.set_xlim(0, ticks[-1] * 1.03)
    axis.set_ylim(-0.02, 1.02)
    axis.yaxis.set_major_formatter(PercentFormatter(1))
    axis.grid(color=style.GRID, linewidth=0.6)
