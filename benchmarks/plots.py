"""Costs against sizes, on logarithmic axes, each beside the growth that is wanted."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.figures import Curve
from matplotlib.figure import Figure

COLUMNS = 3


def draw(curves: Sequence[Curve], path: Path) -> None:
    """A panel a curve."""
    rows = -(-len(curves) // COLUMNS)
    figure = Figure(figsize=(4 * COLUMNS, 3 * rows), layout="constrained")
    axes = figure.subplots(rows, COLUMNS, squeeze=False)
    for axis, curve in zip(axes.flat, curves):  # noqa: B905 - panels may be left
        wanted = [curve.costs[0] * (s / curve.sizes[0]) ** curve.power for s in curve.sizes]
        axis.plot(curve.sizes, wanted, "--", color="0.6", label="wanted")
        axis.plot(curve.sizes, curve.costs, "o-", label="measured")
        axis.set_xscale("log", base=2)
        axis.set_yscale("log", base=2)
        axis.set_xticks(curve.sizes, [f"{size:,}" for size in curve.sizes])
        axis.yaxis.set_major_formatter("{x:.3g}")
        axis.set_xlabel(curve.size)
        axis.set_ylabel(curve.unit)
        axis.set_title(f"{curve.row}: {curve.of}", fontsize="medium")
    for axis in list(axes.flat)[len(curves) :]:
        axis.remove()
    if curves:
        axes[0, 0].legend(frameon=False)
    figure.savefig(path, dpi=120)
