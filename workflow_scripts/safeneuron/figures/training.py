"""How the rounds of one arm trained: loss, margin, log-probabilities, gradient norm."""

import pyarrow as pa
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from safeneuron.figures import style

PANELS = {
    "loss": "loss",
    "margin": "reward margin",
    "chosen_logp": "log-probability (dashed: rejected)",
    "gradient_norm": "gradient norm",
}


def draw(table: pa.Table) -> Figure:
    """A panel a quantity against the step, a colour a round, a line a seed.

    Args:
        table: rows of `TRAINING` of one model and arm, with the column `gate`.
    """
    frame = table.to_pandas()
    figure, axes = plt.subplots(1, len(PANELS), figsize=(3.2 * len(PANELS), 2.7))
    for axis, (column, title) in zip(axes, PANELS.items(), strict=True):
        for (number, seed), rows in frame.groupby(["round", "seed"]):
            colour = style.ROUND_COLOURS[(number - 1) % len(style.ROUND_COLOURS)]
            missed = style.missed_gate(rows)
            label = f"T{number}" + (f" (seed {seed} missed its gate)" if missed else "")
            axis.plot(rows["step"], rows[column], color=colour, lw=1.1, label=label)
            if column == "chosen_logp":
                axis.plot(rows["step"], rows["rejected_logp"], color=colour, lw=1.1, ls="--")
        axis.set_title(title, fontsize=8.5)
        axis.set_xlabel("step")
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.grid(color=style.GRID, linewidth=0.6)
    first = frame.iloc[0]
    figure.suptitle(f"{first['model']}, arm {first['arm']}", x=0.01, ha="left")
    style.legend_below(figure, axes[0])
    figure.tight_layout()
    return figure
