"""Figure 5: overlap of the categories' sets against the number of categories, with its null."""

import pyarrow as pa
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from safeneuron.figures import style

MEASURES = {
    "intersection_over_union": "intersection / union",
    "intersection_over_smallest": "intersection / smallest set",
    "mean_pairwise_jaccard": "mean pairwise Jaccard",
}


def draw(table: pa.Table) -> Figure:
    """Mean over all K-subsets with a band of one standard deviation; dashed: random sets.

    The null has the same number of neurons per layer and category; its band is the 95 % range of
    its mean curve over draws. A panel a measure and selection; a line a seed.

    Args:
        table: rows of `OVERLAP` of one model and dataset.
    """
    frame = table.to_pandas()
    selections = list(frame["selection"].unique())
    figure, axes = plt.subplots(
        len(selections),
        len(MEASURES),
        figsize=(3.0 * len(MEASURES), 2.3 * len(selections) + 0.6),
        sharex=True,
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for line, selection in enumerate(selections):
        for axis, (measure, title) in zip(axes[line], MEASURES.items(), strict=True):
            rows = frame[(frame["selection"] == selection) & (frame["measure"] == measure)]
            for _, one in rows.groupby("seed"):
                k = one["k"].to_numpy()
                axis.fill_between(
                    k,
                    one["mean"] - one["sd"],
                    one["mean"] + one["sd"],
                    color=style.OVERLAP,
                    alpha=0.18,
                    lw=0,
                )
                axis.plot(
                    k,
                    one["mean"],
                    color=style.OVERLAP,
                    marker="o",
                    ms=3,
                    label="all K-subsets, mean ± sd",
                )
                axis.fill_between(
                    k, one["null_low"], one["null_high"], color=style.NULL, alpha=0.3, lw=0
                )
                axis.plot(
                    k,
                    one["null_mean"],
                    color=style.NULL,
                    ls="--",
                    label="random sets of the same sizes by layer",
                )
            if line == 0:
                axis.set_title(title)
            if line == len(selections) - 1:
                axis.set_xlabel("categories K")
            axis.set_ylim(0, 1)
            axis.xaxis.set_major_locator(MaxNLocator(integer=True))
            axis.grid(color=style.GRID, linewidth=0.6)
        axes[line][0].set_ylabel(f"{selection}\noverlap")
    first = frame.iloc[0]
    figure.suptitle(f"{style.model_title(frame)}: {first['dataset']} categories", x=0.01, ha="left")
    style.legend_below(figure, axes[0][0])
    return figure
