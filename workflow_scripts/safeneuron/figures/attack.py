"""What an attack does: what becomes of harmful prompts against the neurons attacked."""

from collections.abc import Sequence
from itertools import zip_longest

import numpy as np
import pandas as pd
import pyarrow as pa
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from safeneuron.figures import style
from safeneuron.interventions.schemas import CLEAN
from safeneuron.results.counts import OVERALL
from safeneuron.results.targets import attack_shown, level

CLASSES = (
    ("complied", style.COMPLIED),
    ("attempted", style.ATTEMPTED),
    ("broken", style.BROKEN),
    ("unjudged", style.UNJUDGED),
    ("harmless", style.HARMLESS),
    ("refused", style.REFUSED),  # last: all below it is what was not refused
)


def draw(table: pa.Table, judge: str) -> Figure:
    """Stacked shares at ORI and at each fraction; a row an attack, a column a target.

    An attack on other targets than the others has titles of its own.

    Refusals are on top, so that all below them is the share that was not refused.
    Dots: ASR of each seed with its 95 % Wilson interval. Diamonds: ASR of the random control,
    matched in neurons per layer. Green: safe prompts still answered exactly.

    Args:
        table: rows of `ATTACK_SUCCESS` of one model.
        judge: whose verdicts to show.
    """
    frame = pd.DataFrame([row | {"attack": attack_shown(row)} for row in table.to_pylist()])
    frame = frame[(frame["judge"] == judge) & (frame["category"] == OVERALL)]
    clean, attacked = frame[frame["attack"] == CLEAN], frame[frame["attack"] != CLEAN]
    rows = dict(list(attacked.groupby("attack", sort=False)))
    rows = {
        attack: mine.assign(level=[level(t, mine["target"].unique()) for t in mine["target"]])
        for attack, mine in rows.items()
    }
    classes = [(name, colour) for name, colour in CLASSES if frame[name].any()]
    targets = {attack: list(dict.fromkeys(mine["level"])) for attack, mine in rows.items()}
    columns = max(targets.values(), key=len)
    figure, axes = plt.subplots(
        len(rows),
        len(columns),
        figsize=(2.9 * len(columns), 2.4 * len(rows) + 0.7),
        sharey=True,
        squeeze=False,
    )
    for line, (attack, mine) in enumerate(rows.items()):
        own = not {*targets[attack]} <= {*columns}  # then from the left, under its own titles
        names = targets[attack] if own else columns
        for axis, name in zip_longest(axes[line], names):
            if name in targets[attack]:
                _panel(axis, clean, mine[mine["level"] == name], classes)
            else:
                axis.set_axis_off()
            if name and (own or line == 0):
                axis.set_title(name.upper())
        first = axes[line][names.index(targets[attack][0])]
        first.set_ylabel(f"{attack} ({mine['pooling'].iloc[0]})\nshare of prompts")
        first.tick_params(labelleft=True)  # which sharing leaves to the first column alone
    seeds = frame["seed"].nunique()
    figure.suptitle(
        f"{style.model_title(frame)}: harmful prompts under attack, "
        f"judge {judge}" + (f", mean of {seeds} seeds" if seeds > 1 else ""),
        x=0.01,
        ha="left",
    )
    style.legend_below(figure, axes[0][0])
    figure.tight_layout()
    return figure


def _panel(
    axis: Axes, clean: pd.DataFrame, mine: pd.DataFrame, classes: Sequence[tuple[str, str]]
) -> None:
    """One target of one attack: the clean model, its set if it has one, then every fraction."""
    real, random = mine[mine["control_seed"].isna()], mine[mine["control_seed"].notna()]
    fractions = sorted(mine["fraction"].dropna().unique())
    strengths = [(clean, clean.iloc[:0], "ORI")]
    of_set = real[real["fraction"].isna()]
    if len(of_set):  # gradients rank all neurons and identify none
        size = of_set["n_neurons"].mean()
        strengths.append((of_set, random[random["fraction"].isna()], f"set\n({size:.0f})"))
    strengths += [
        (real[real["fraction"] == f], random[random["fraction"] == f], f"{100 * f:g} %")
        for f in fractions
    ]
    x = np.arange(len(strengths))
    bottom = np.zeros(len(x))
    for name, colour in classes:
        share = np.array([rows[name].mean() for rows, _, _ in strengths])
        axis.bar(x, share, bottom=bottom, color=colour, width=0.78, label=name)
        bottom += share
    utility = [rows["utility"].astype(float).mean() for rows, _, _ in strengths]
    if not np.isnan(utility).all():  # what just the oracle knows
        axis.plot(
            x, utility, color=style.UTILITY, marker="s", ms=3.5, lw=1.2, label="safe prompts exact"
        )
    axis.plot(
        x,
        [control["asr"].mean() if len(control) else np.nan for _, control, _ in strengths],
        ls="", marker="D", ms=4.5, mfc="white", mec=style.INK, label="ASR, random control",
    )  # fmt: skip
    for position, (rows, _, _) in zip(x, strengths, strict=True):
        offsets = np.linspace(-0.2, 0.2, len(rows)) if len(rows) > 1 else [0.0]
        axis.errorbar(
            position + np.array(offsets),
            rows["asr"],
            yerr=[rows["asr"] - rows["asr_low"], rows["asr_high"] - rows["asr"]],
            ls="", marker="o", ms=3.5, color=style.INK, lw=1,
            label="ASR, 95 % interval" if position == 0 else None,
        )  # fmt: skip
    axis.set_xticks(x, [label for _, _, label in strengths])
    axis.set_ylim(0, 1.02)
    axis.yaxis.set_major_formatter(PercentFormatter(1))
