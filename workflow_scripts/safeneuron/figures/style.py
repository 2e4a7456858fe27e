"""One look for all figures, and how they are saved."""

from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from safeneuron.files import replacing

INK, MUTED, GRID = "#222222", "#8a8a8a", "#e4e4e4"
COMPLIED, REFUSED, BROKEN = "#c8443c", "#3f7cac", "#c9c5bd"
CORE, SHARED, SPECIFIC = "#1b3a57", "#5b8db8", "#e0a458"
NULL, UTILITY = "#9a9a9a", "#2e7d4f"
SELECTION_COLOURS = ("#3f7cac", "#c8443c", "#2e7d4f", "#8e5ea2")

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


def model_title(model: str, passed_gate: bool | None) -> str:
    """A model's name, marked if it missed its validation gate."""
    return f"{model} (missed its gate)" if passed_gate is False else model
