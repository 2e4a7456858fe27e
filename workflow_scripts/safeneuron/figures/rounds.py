"""Does it hold: what each arm's model does under the strongest attack, round by round."""

import pyarrow as pa
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from safeneuron.figures import style

PANELS = {
    "complied": "complied under attack",
    "not_refused": "not refused under attack",
    "attempted": "attempted under attack",
    "broken": "broken under attack",
    "utility": "safe prompts exact under attack",
    "clean_utility": "safe prompts exact, clean",
    "clean_over_refusal": "safe prompts refused, clean",
}


def draw(table: pa.Table) -> Figure:
    """A row a strength, a column a share, a line an arm from T0; bars: 95 % over seeds and prompts.

    Shares that the table's judge does not know, as whether an answer is exact, have no column.
    Hollow markers are rounds in which a seed missed its validation gate.

    Args:
        table: rows of `WORST_CASE` of one model.
    """
    frame = table.to_pandas()
    fractions = sorted(frame["fraction"].unique())
    arms = [arm for arm in frame["arm"].unique() if arm != "base"]
    panels = {
        column: title for column, title in PANELS.items() if (frame["column"] == column).any()
    }
    figure, axes = plt.subplots(
        len(fractions),
        len(panels),
        figsize=(2.5 * len(panels), 2.0 * len(fractions) + 0.7),
        sharex=True,
        sharey=True,
        squeeze=False,
    )
    for line, fraction in enumerate(fractions):
        for axis, (column, title) in zip(axes[line], panels.items(), strict=True):
            cells = frame[(frame["fraction"] == fraction) & (frame["column"] == column)]
            for number, arm in enumerate(arms):
                rows = cells[cells["arm"].isin(["base", arm])].sort_values("round")
                colour = style.ARM_COLOURS[number % len(style.ARM_COLOURS)]
                shift = (number - (len(arms) - 1) / 2) * 0.06
                style.line_over_seeds(axis, rows, rows["round"] + shift, colour, arm)
            if line == 0:
                axis.set_title(title, fontsize=8.5)
            axis.set_ylim(-0.02, 1.02)
            axis.yaxis.set_major_formatter(PercentFormatter(1))
            ticks = sorted(frame["round"].unique())
            axis.set_xticks(ticks, [f"T{tick}" for tick in ticks])
            axis.grid(axis="y", color=style.GRID, linewidth=0.6)
        axes[line][0].set_ylabel(f"{fraction:.0%} of neurons zeroed")
    figure.suptitle(
        f"{frame['model'].iloc[0]}: strongest adaptive attack" + style.over_seeds(frame),
        x=0.01,
        ha="left",
    )
    style.legend_below(figure, axes[0][0])
    figure.tight_layout()
    return figure
