"""What attacks of several strengths do, against the strength: directions, words, weights."""

import pandas as pd
import pyarrow as pa
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator, PercentFormatter

from safeneuron.figures import style
from safeneuron.results.attack_curves import by_attack, curve_rows

PANELS = {
    "complied": "harmful prompts complied with",
    "not_refused": "harmful prompts not refused",
    "utility": "safe prompts exact",
}
_INTERVALS = {"complied": ("asr_low", "asr_high"), "not_refused": ("not_refused_low",
              "not_refused_high")}  # fmt: skip
_STRENGTHS = {
    "prefill": "words forced",
    "interpolate": "share of the other weights",
    "relearn": "steps of training",
    "benign_tune": "steps of training",
    "direction_write": "directions removed",
    "direction_write_read": "directions removed",
}
_WIDE = 8
"""A range of strengths so many times the smallest is drawn on a logarithmic axis from there on."""


def draw(table: pa.Table, judge: str) -> Figure:
    """A row an attack, a column a share, a line a state: T0 and the last round of each arm.

    Strength 0 is the clean model. Lines are means over seeds, and dots each seed's share with its
    95 % Wilson interval; dashed is the mean of the random controls. Shares that the judge does not
    know, as whether an answer is exact, have no column. States say if a seed missed its gate.

    Args:
        table: rows of `ATTACK_SUCCESS` of one model on one benchmark.
        judge: whose verdicts to show.
    """
    frame = curve_rows([row for row in table.to_pylist() if row["judge"] == judge])
    last = frame.groupby("arm")["round"].transform("max")
    frame = frame[frame["round"] == last]
    panels = {name: title for name, title in PANELS.items() if frame[name].notna().all()}
    arms = list(dict.fromkeys(frame["arm"]))
    attacks = list(dict.fromkeys(frame.loc[frame["strength"].notna(), "attack"]))
    figure, axes = plt.subplots(
        len(attacks),
        len(panels),
        figsize=(3.0 * len(panels), 2.1 * len(attacks) + 0.7),
        sharey=True,
        squeeze=False,
    )
    for key, mine, clean in by_attack(frame):
        line = axes[attacks.index(key["attack"])]
        number = arms.index(key["arm"])
        colour = style.INK if key["arm"] == "base" else style.ARM_COLOURS[
            number % len(style.ARM_COLOURS)
        ]  # fmt: skip
        label = "T0" if key["arm"] == "base" else f"{key['arm']}, T{key['round']}"
        label += " (gate missed)" if style.missed_gate(clean) else ""
        for axis, name in zip(line, panels, strict=True):
            _lines(axis, clean, mine, name, colour, label)
            _scale(axis, mine)
        line[0].set_ylabel(f"{key['attack']}\nshare of prompts")
    for axis, title in zip(axes[0], panels.values(), strict=True):
        axis.set_title(title)
    seeds = frame["seed"].nunique()
    figure.suptitle(
        f"{frame['model'].iloc[0]}: attacks over their strengths, judge {judge}"
        + (f", mean of {seeds} seeds" if seeds > 1 else ""),
        x=0.01,
        ha="left",
    )
    style.legend_below(figure, axes[0][0])
    figure.tight_layout()
    return figure


def _lines(
    axis: Axes, clean: pd.DataFrame, mine: pd.DataFrame, name: str, colour: str, label: str
) -> None:
    """The curve of an attack on a state, and its controls' below it."""
    start = clean.assign(strength=0.0)
    real, control = mine[mine["control_seed"].isna()], mine[mine["control_seed"].notna()]
    rows = pd.concat([start, real])
    mean = rows.groupby("strength")[name].mean()
    axis.plot(mean.index, mean, color=colour, lw=1.4, label=label)
    mean = pd.concat([start, control]).groupby("strength")[name].mean()
    axis.plot(mean.index, mean, color=colour, ls="--", lw=1, label=f"{label}, random control")
    low, high = _INTERVALS.get(name, (name, name))
    axis.errorbar(
        rows["strength"],
        rows[name],
        yerr=[rows[name] - rows[low], rows[high] - rows[name]],
        ls="", marker="o", ms=3.2, color=colour, lw=0.8,
    )  # fmt: skip


def _scale(axis: Axes, mine: pd.DataFrame) -> None:
    """Ticks at the strengths; 0, the clean model, is on a logarithmic axis too."""
    strengths = sorted({*mine["strength"]})
    if strengths[-1] > _WIDE * strengths[0]:
        axis.set_xscale("symlog", base=2, linthresh=strengths[0])
        axis.xaxis.set_minor_locator(NullLocator())
    ticks = [0, *strengths]
    axis.set_xticks(ticks, [f"{strength:g}".removeprefix("0") or "0" for strength in ticks])
    axis.set_xlabel(_STRENGTHS.get(mine["operator"].iloc[0], "strength"))
    axis.set_ylim(-0.02, 1.02)
    axis.yaxis.set_major_formatter(PercentFormatter(1))
    axis.grid(axis="y", color=style.GRID, linewidth=0.6)
