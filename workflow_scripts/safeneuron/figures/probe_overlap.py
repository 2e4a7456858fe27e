"""Figure 7: neurons by layer that a set by scores and a linear probe's share, with its null."""

import numpy as np
import pyarrow as pa
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from safeneuron.figures import style

PARTS = (
    ("shared", "in both sets", style.CORE),
    ("only_selection", "by scores only", style.SHARED),
    ("only_probe", "by the probe only", style.SPECIFIC),
)


def draw(table: pa.Table) -> Figure:
    """Stacked bars a layer, a panel a selection and probe; the mean over seeds.

    A mark at the height of the shared neurons of random sets of the same sizes, with its 95 % range
    in bars.

    Args:
        table: rows of `PROBE_OVERLAP` of one model.
    """
    frame = table.to_pandas()
    seeds = frame["seed"].nunique()
    panels = list(frame.groupby(["selection", "probe"], sort=False))
    width = 4.6 if frame["layer"].nunique() > 12 else 3.4
    figure, axes = plt.subplots(
        1,
        len(panels),
        figsize=(max(4.6, width * len(panels)), 2.9),
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for axis, ((selection, probe), rows) in zip(axes[0], panels, strict=True):
        mean = rows.groupby("layer").mean(numeric_only=True)
        layers = mean.index + 1
        bottom = np.zeros(len(mean))
        for part, label, colour in PARTS:
            axis.bar(layers, mean[part], bottom=bottom, color=colour, label=label, width=0.8)
            bottom += mean[part].to_numpy()
        spread = [mean["null_mean"] - mean["null_low"], mean["null_high"] - mean["null_mean"]]
        axis.errorbar(
            layers,
            mean["null_mean"],
            yerr=np.clip(spread, 0, None),
            fmt="_",
            color=style.NULL,
            lw=1.2,
            label="in both, random sets",
        )
        axis.set_title(f"{selection} and {probe}")
        style.label_layers(axis, len(mean))
        axis.yaxis.set_major_locator(MaxNLocator(integer=True))
        axis.grid(axis="y", color=style.GRID, linewidth=0.6)
        axis.set_axisbelow(True)
    axes[0][0].set_ylabel("neurons")
    averaged = f", mean of {seeds} seeds" if seeds > 1 else ""
    figure.suptitle(f"{style.model_title(frame)}{averaged}", x=0.01, ha="left")
    style.legend_below(figure, axes[0][0])
    return figure
