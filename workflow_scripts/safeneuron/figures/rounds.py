"""Does it hold: what each arm's model does under the strongest attack, round by round."""

import numpy as np
import pandas as pd
import pyarrow as pa
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from safeneuron.figures import style

BASE = "base"
"""The arm whose only state is T0."""

PANELS = {
    "complied": "complied, attacked",
    "not_refused": "not refused, attacked",
    "attempted": "attempted, attacked",
    "broken": "broken, attacked",
    "utility": "safe exact, attacked",
    "clean_utility": "safe exact, clean",
    "clean_over_refusal": "safe refused, clean",
}


def draw(table: pa.Table) -> Figure:
    """A row an arm, a column a share, a line a strength from T0; bars: 95 % over seeds and prompts.

    The first arm's lines stand behind those of the others, thin and grey. What a model does clean
    has one line, as it has no strength. Shares that the table's judge does not know, as whether an
    answer is exact, have no column. Hollow markers are rounds in which a seed missed its validation
    gate.

    Args:
        table: rows of `WORST_CASE` of one model.
    """
    frame = table.to_pandas()
    fractions = sorted(frame["fraction"].unique())
    shades = dict(zip(fractions, np.linspace(0.35, 1.0, len(fractions)), strict=True))
    arms = [arm for arm in frame["arm"].unique() if arm != BASE]
    panels = {
        column: title for column, title in PANELS.items() if (frame["column"] == column).any()
    }
    figure, axes = plt.subplots(
        len(arms),
        len(panels),
        figsize=(2.0 * len(panels), 1.35 * len(arms) + 0.9),
        sharex=True,
        sharey=True,
        squeeze=False,
    )
    for line, arm in enumerate(arms):
        colour = style.ARM_COLOURS[line % len(style.ARM_COLOURS)]
        for axis, (column, title) in zip(axes[line], panels.items(), strict=True):
            cells = frame[frame["column"] == column]
            shown = fractions[:1] if column.startswith("clean_") else fractions
            for number, fraction in enumerate(shown):
                rows = cells[cells["fraction"] == fraction]
                if line > 0:
                    first = _from_t0(rows, arms[0])
                    axis.plot(first["round"], first["mean"], color=style.NULL, lw=0.7, zorder=1)
                mine = _from_t0(rows, arm)
                shade = style.shaded(colour, shades[fraction] if len(shown) > 1 else 1.0)
                shift = (number - (len(shown) - 1) / 2) * 0.1
                style.line_over_seeds(axis, mine, mine["round"] + shift, shade, f"{fraction:.0%}")
            if line == 0:
                axis.set_title(title, fontsize=8)
            axis.set_ylim(-0.03, 1.03)
            axis.set_yticks([0, 0.5, 1])
            axis.yaxis.set_major_formatter(PercentFormatter(1))
            ticks = sorted(frame["round"].unique())
            axis.set_xticks(ticks, [f"T{tick}" for tick in ticks])
            axis.grid(axis="y", color=style.GRID, linewidth=0.6)
        axes[line][0].set_ylabel(arm, color=colour, fontweight="bold")
    strengths = ", ".join(f"{fraction:.3g}" for fraction in 100 * np.array(fractions))
    behind = f"; grey: {arms[0]}" if len(arms) > 1 else ""
    figure.suptitle(
        f"{frame['model'].iloc[0]}: strongest adaptive attack on {strengths} % of the neurons, "
        f"from light to dark{behind}{style.over_seeds(frame)}",
        x=0.01,
        ha="left",
        fontsize=8.5,
    )
    figure.tight_layout()
    return figure


def _from_t0(rows: pd.DataFrame, arm: str) -> pd.DataFrame:
    """T0 and an arm's rounds, in their order."""
    return rows[rows["arm"].isin([BASE, arm])].sort_values("round")
