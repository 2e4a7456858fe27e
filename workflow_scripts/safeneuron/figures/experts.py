"""A mixture's experts: where safety neurons are in it, and which experts unsafe prompts reach."""

import numpy as np
import pandas as pd
import pyarrow as pa
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from safeneuron.figures import style

_MOST_TICKS = 12


def draw(table: pa.Table) -> Figure:
    """Maps of layers by experts: a selection's share of each expert's neurons, and routing.

    The mean over seeds where there are several. An expert that too few prompts reach to be scored
    is grey in the selections' maps; so is, in all, one that a layer does not have.

    Args:
        table: rows of `EXPERTS` of one model.
    """
    frame = table.to_pandas()
    selections = list(frame["selection"].unique())
    layers, experts = frame["layer"].nunique(), frame["expert"].nunique()
    figure, axes = plt.subplots(
        1,
        len(selections) + 1,
        figsize=(3.4 * (len(selections) + 1) + 0.6, max(2.6, 0.9 + 0.11 * layers)),
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for axis, selection in zip(axes[0], selections, strict=False):
        rows = frame[frame["selection"] == selection]
        scored = _map(rows, "scored") > 0
        shown = np.ma.masked_array(_map(rows, "fraction"), ~scored)
        top = max(float(shown.max()), 1e-9) if shown.count() else 1.0
        _draw_map(figure, axis, shown, "magma_r", (0, top), "of the expert's neurons")
        axis.set_title(f"{selection}: safety neurons")
    shift = _map(frame[frame["selection"] == selections[0]], "routing_shift")
    most = max(float(np.nanmax(np.abs(shift))), 1e-9)
    routing = axes[0][-1]
    _draw_map(figure, routing, shift, "PuOr_r", (-most, most), "unsafe less safe share of tokens")
    routing.set_title("routing")
    for axis in axes[0]:
        axis.set_xlabel("expert")
        axis.set_xticks(_ticks(experts), [str(expert + 1) for expert in _ticks(experts)])
    axes[0][0].set_ylabel("layer")
    axes[0][0].set_yticks(_ticks(layers), [str(layer + 1) for layer in _ticks(layers)])
    axes[0][0].invert_yaxis()
    seeds = frame["seed"].nunique()
    averaged = f", mean of {seeds} seeds" if seeds > 1 else ""
    reasons = []
    if not frame["scored"].all():
        reasons.append("too few prompts reach it to score its neurons")
    if np.isnan(shift).any():
        reasons.append("the layer does not have it")
    grey = "; grey: " + ", or ".join(reasons) if reasons else ""
    title = f"{style.model_title(frame)}: experts{averaged}{grey}"
    figure.suptitle(title, x=0.01, ha="left")
    return figure


def _map(rows: pd.DataFrame, column: str) -> np.ndarray:
    """A column's mean over seeds, [layers, experts]."""
    cells = rows.assign(value=rows[column].astype(float))
    return cells.pivot_table(index="layer", columns="expert", values="value").to_numpy()


def _draw_map(
    figure: Figure,
    axis: Axes,
    values: np.ndarray,
    colours: str,
    between: tuple[float, float],
    label: str,
) -> None:
    axis.set_facecolor(style.GRID)
    layers, experts = values.shape
    mesh = axis.pcolormesh(
        np.arange(experts), np.arange(layers), values, cmap=colours, vmin=between[0],
        vmax=between[1], shading="nearest",
    )  # fmt: skip
    axis.tick_params(length=0)
    for spine in axis.spines.values():
        spine.set_visible(False)
    bar = figure.colorbar(mesh, ax=axis, format=style.as_percent)
    bar.set_label(label)
    bar.outline.set_visible(False)


def _ticks(number: int) -> list[int]:
    """Some of the numbers below one, the first among them."""
    return list(range(0, number, -(-number // _MOST_TICKS)))
