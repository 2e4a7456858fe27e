"""One look for all figures, and how they are saved."""

import math
from pathlib import Path

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from safeneuron.artifacts.files import replacing
from safeneuron.artifacts.gates import MISSED

INK, MUTED, GRID = "#222222", "#8a8a8a", "#e4e4e4"
COMPLIED, REFUSED, BROKEN = "#c8443c", "#3f7cac", "#c9c5bd"
ATTEMPTED = "#eda77f"
HARMLESS, UNJUDGED = "#a9cbb2", "#8e5ea2"
CORE, SHARED, SPECIFIC = "#1b3a57", "#5b8db8", "#e0a458"
NULL, UTILITY = "#9a9a9a", "#2e7d4f"
ARM_COLOURS = ("#8a8a8a", "#3f7cac", "#c8443c", "#e0a458", "#8e5ea2", "#5d9e6e", "#444444")
ROUND_COLOURS = ("#9ecae1", "#4292c6", "#084594", "#08306b")
OVERLAP, PSEUDO, SHUFFLED = "#3f7cac", "#d08a2e", "#8e5ea2"

mpl.use("Agg")
mpl.rcParams.update(
    {
        "font.size": 9,
        "axes.titlesize": 9.5,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.edgecolor": INK,
        "axes.labelcolor": INK,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.linewidth": 0.8,
        "text.color": INK,
        "xtick.color": INK,
        "ytick.color": INK,
        "legend.frameon": False,
        "legend.fontsize": 8.5,
        "figure.dpi": 100,
        "savefig.dpi": 200,
        "svg.hashsalt": "safeneuron",
        "pdf.fonttype": 42,
    }
)


def save(figure: Figure, *paths: Path) -> None:
    """Save a figure in the formats of the paths' endings; equal figures give equal files."""
    for path in paths:
        metadata = {"CreationDate": None} if path.suffix == ".pdf" else {"Software": None}
        with replacing(path) as scratch:
            figure.savefig(scratch, format=path.suffix[1:], metadata=metadata, bbox_inches="tight")


def shaded(colour: str, strength: float) -> str:
    """A colour mixed with white: itself at 1, white at 0."""
    red, green, blue = (1 - strength * (1 - part) for part in mpl.colors.to_rgb(colour))
    return mpl.colors.to_hex((red, green, blue))


def legend_below(figure: Figure, axis: Axes) -> None:
    """One legend under the whole figure, with each label of the axis once; no wider than it."""
    handles, labels = axis.get_legend_handles_labels()
    once = dict(zip(labels, handles, strict=True))
    fitting = max(1, int(figure.get_figwidth() // 1.5))
    columns = math.ceil(len(once) / math.ceil(len(once) / fitting))  # lines of even length
    figure.legend(
        once.values(), once.keys(), loc="upper center", bbox_to_anchor=(0.5, 0.0), ncol=columns
    )


def as_percent(share: float, _: int = 0) -> str:
    """A tick label: no more digits than its share has."""
    return f"{100 * share:.3g}%"


def label_layers(axis: Axes, layers: int) -> None:
    """Ticks of an axis with a bar a layer, from 1; every fourth of many, and always the first."""
    axis.set_xlabel("layer")
    axis.set_xticks(range(1, layers + 1) if layers <= 12 else [1, *range(4, layers + 1, 4)])
    axis.set_xlim(0.3, layers + 0.7)


def line_over_seeds(axis: Axes, rows: pd.DataFrame, x: pd.Series, colour: str, label: str) -> None:
    """A line of means with their 95 % intervals; a marker is hollow where a gate was missed.

    Args:
        rows: `mean`, `low`, `high`, `seeds` and `gates_missed`, in the order of the line.
        x: where each row stands.
    """
    axis.plot(x, rows["mean"], color=colour, lw=1.2, label=label)
    for at, row in zip(x, rows.itertuples(), strict=True):
        spread = [[row.mean - row.low], [row.high - row.mean]]
        known = row.low is not None and not math.isnan(row.low)
        axis.errorbar(
            at, row.mean, yerr=spread if known else None, marker="o", ms=4, color=colour,
            lw=0.9, mfc="white" if row.gates_missed > 0 else colour,
        )  # fmt: skip


def over_seeds(frame: pd.DataFrame) -> str:
    """The end of a title that says over how many seeds a figure is, and what its intervals hold."""
    seeds = frame["seeds"].max()
    if seeds > 1:
        return f", mean and 95 % interval over {seeds} seeds and their prompts"
    return ", one seed, 95 % interval over prompts"


def missed_gate(frame: pd.DataFrame) -> bool:
    """Whether a state of the table's rows missed its validation gate."""
    return bool((frame["gate"] == MISSED).any())


def model_title(frame: pd.DataFrame) -> str:
    """The name of the table's model, marked if it missed its validation gate."""
    model = frame["model"].iloc[0]
    return f"{model} (missed its gate)" if missed_gate(frame) else model
