"""Figure 3: safety neurons by layer, split into core, shared and task-specific."""

import numpy as np
import pyarrow as pa
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from safeneuron.figures import style

PARTS = (
    ("core", "core: in every category's set", style.CORE),
    ("shared", "shared by several", style.SHARED),
    ("specific", "in one category's set", style.SPECIFIC),
)


def draw(table: pa.Table) -> Figure:
    """Stacked bars a layer, a panel a selection; the mean over seeds where there are several.

    Args:
        table: rows of `COMPOSITION` of one model and dataset.
    """
    frame = table.to_pandas()
    selections = list(frame["selection"].unique())
    seeds = frame["seed"].nunique()
    figure, axes = plt.subplots(
        1, len(selections), figsize=(3.4 * len(selections), 2.9), sharey=True, squeeze=False
    )
    for axis, selection in zip(axes[0], selections, strict=True):
        rows = frame[frame["selection"] == selection]
        mean = rows.groupby("layer")[["core", "shared", "specific", "neurons"]].mean()
        bottom = np.zeros(len(mean))
        for part, label, colour in PARTS:
            share = (mean[part] / mean["neurons"]).to_numpy()
            axis.bar(mean.index + 1, share, bottom=bottom, color=colour, label=label, width=0.8)
            bottom += share
        sizes = rows.groupby("seed")[["core", "shared", "specific"]].sum().sum(axis=1)
        axis.set_title(f"{selection}: {sizes.mean():.0f} neurons in the union")
        axis.set_xlabel("layer")
        axis.set_xticks(mean.index + 1 if len(mean) <= 12 else np.arange(1, len(mean) + 1, 4))
        axis.yaxis.set_major_formatter(PercentFormatter(1, decimals=None))
        axis.grid(axis="y", color=style.GRID, linewidth=0.6)
        axis.set_axisbelow(True)
    axes[0][0].set_ylabel("share of the layer's neurons")
    first = frame.iloc[0]
    title = style.model_title(frame)
    averaged = f", mean of {seeds} seeds" if seeds > 1 else ""
    figure.suptitle(f"{title}: {first['dataset']} categories{averaged}", x=0.01, ha="left")
    style.legend_below(figure, axes[0][0])
    figure.tight_layout()
    return figure
