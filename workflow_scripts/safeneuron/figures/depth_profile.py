"""Figure 4: the fraction of neurons that are safety neurons, against normalised depth, by model."""

import numpy as np
import pandas as pd
import pyarrow as pa
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from safeneuron.figures import style

SEPARATE = 16  # layers that white lines part; of more, these would hide the cells


def draw(table: pa.Table) -> Figure:
    """A heat map: a row a model (in the table's order), a cell a layer, a panel a selection.

    Layers divide [0, 1] evenly, whatever their number, so that models of any depth compare.

    Args:
        table: rows of `DEPTH_PROFILE`, of overall sets.
    """
    frame = table.to_pandas()
    selections = list(frame["selection"].unique())
    models = list(frame["model"].unique())
    figure, axes = plt.subplots(
        1,
        len(selections),
        figsize=(3.6 * len(selections) + 1.0, 1.2 + 0.42 * len(models)),
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for axis, selection in zip(axes[0], selections, strict=True):
        rows = frame[frame["selection"] == selection]
        profiles = [
            rows[rows["model"] == model].groupby("layer")["fraction"].mean() for model in models
        ]
        top = max(profile.max() for profile in profiles)
        for height, profile in enumerate(profiles):
            edges = np.linspace(0, 1, len(profile) + 1)
            mesh = axis.pcolormesh(
                edges,
                [height - 0.44, height + 0.44],
                profile.to_numpy()[None, :],
                cmap="magma_r",
                vmin=0,
                vmax=top,
                edgecolors="white" if len(profile) <= SEPARATE else "face",
                linewidth=1.0 if len(profile) <= SEPARATE else 0.1,
            )
        axis.set_title(selection)
        axis.set_xlim(0, 1)
        axis.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
        axis.set_xlabel("depth, from the first layer to the last")
        axis.set_yticks(range(len(models)), [_label(frame, model) for model in models])
        axis.tick_params(length=0)
        for spine in axis.spines.values():
            spine.set_visible(False)
        bar = figure.colorbar(mesh, ax=axis, format=style.as_percent)
        bar.set_label("of the layer's neurons")
        bar.outline.set_visible(False)
    axes[0][0].invert_yaxis()
    return figure


def _label(frame: pd.DataFrame, model: str) -> str:
    rows = frame[frame["model"] == model]
    seeds = rows["seed"].nunique()
    averaged = f"\nmean of {seeds} seeds" if seeds > 1 else ""
    return f"{style.model_title(rows)}, {rows['layer'].nunique()} layers{averaged}"
