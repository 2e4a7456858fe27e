"""Figure 3: safety neurons by layer, split into core, shared and task-specific."""

import numpy as np
import pyarrow as pa
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from safeneuron.figures import style

PARTS = (
    ("core", "core: in every category's set", style.CORE),
    ("shared", "shared: in several", style.SHARED),
    ("specific", "task-specific: in one", style.SPECIFIC),
)
NAMES = tuple(name for name, _, _ in PARTS)


def draw(table: pa.Table) -> Figure:
    """Stacked bars a layer, a column a selection; the mean over seeds where there are several.

    Above as a share of the layer's neurons, below of its safety neurons: layers of few are read
    there.

    Args:
        table: rows of `COMPOSITION` of one model and dataset.
    """
    frame = table.to_pandas()
    selections = list(frame["selection"].unique())
    seeds = frame["seed"].nunique()
    layers = frame["layer"].nunique()
    width = 4.6 if layers > 12 else 3.4
    figure, axes = plt.subplots(
        2,
        len(selections),
        figsize=(max(4.6, width * len(selections)), 4.4),
        sharex=True,
        sharey="row",
        squeeze=False,
        layout="constrained",
    )
    for (above, below), selection in zip(axes.T, selections, strict=True):
        rows = frame[frame["selection"] == selection]
        mean = rows.groupby("layer")[[*NAMES, "neurons"]].mean()
        found = mean[list(NAMES)].sum(axis=1)
        for axis, whole in ((above, mean["neurons"]), (below, found.where(found > 0))):
            bottom = np.zeros(layers)
            for part, label, colour in PARTS:
                share = (mean[part] / whole).fillna(0).to_numpy()
                axis.bar(mean.index + 1, share, bottom=bottom, color=colour, label=label, width=0.8)
                bottom += share
            axis.yaxis.set_major_formatter(style.as_percent)
            axis.grid(axis="y", color=style.GRID, linewidth=0.6)
            axis.set_axisbelow(True)
        sizes = rows.groupby("seed")[list(NAMES)].sum().sum(axis=1)
        above.set_title(f"{selection}: {sizes.mean():,.0f} neurons in the union")
        style.label_layers(below, layers)
    axes[0][0].set_ylabel("of the layer's neurons")
    axes[1][0].set_ylabel("of its safety neurons")
    first = frame.iloc[0]
    title = style.model_title(frame)
    averaged = f", mean of {seeds} seeds" if seeds > 1 else ""
    figure.suptitle(f"{title}: {first['dataset']} categories{averaged}", x=0.01, ha="left")
    style.legend_below(figure, axes[0][0])
    return figure
