"""Figure 5: overlap of the categories' sets against the number of categories, with its nulls."""

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
NULLS = {
    "shuffled": (style.SHUFFLED, "-.", "shuffled categories"),
    "pseudo": (style.PSEUDO, ":", "pseudo-categories of safe prompts"),
    "random": (style.NULL, "--", "random sets by layer"),
}
"""Colour, line and label of each of `neurons.analyses.NULLS`."""


def draw(table: pa.Table) -> Figure:
    """Mean over all K-subsets with a band of one standard deviation, between the nulls.

    A null's band is the 95 % range of its mean curve over draws. A panel a measure and selection; a
    line a seed.

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
                    label="categories, all K-subsets: mean ± sd",
                )
                for null, (colour, line_style, label) in NULLS.items():
                    if (one[f"{null}_draws"] == 0).all():
                        continue
                    low, high = one[f"{null}_low"], one[f"{null}_high"]
                    axis.fill_between(k, low, high, color=colour, alpha=0.2, lw=0)
                    mean = one[f"{null}_mean"]
                    axis.plot(k, mean, color=colour, ls=line_style, label=f"{label}, 95 %")
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
