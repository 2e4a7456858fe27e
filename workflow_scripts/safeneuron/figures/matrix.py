"""Arms against attacks at a glance: a bar a cell, and what each arm costs beside it."""

from collections.abc import Mapping, Sequence

import pandas as pd
import pyarrow as pa
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from safeneuron.figures import style
from safeneuron.interventions.schemas import CLEAN
from safeneuron.results.bounded_worst_case import ALL, HELD_OUT
from safeneuron.results.matrix import columns_of, last_rounds

WIDTH, CELL = 7.0, 0.78
"""Inches: the text width of a page, and the least width of a cell, which wider figures have."""

LINE = 0.44
"""Inches: the height of an arm's line."""

COLOURS = {
    "complied": style.COMPLIED,
    "attempted": style.ATTEMPTED,
    "refused": style.REFUSED,
    "broken": style.BROKEN,
}
HATCHES = {"attempted": "//////"}
TITLES = {CLEAN: "clean", "taylor": "neurons by\ngradient", "single": "one\nneuron",
          "prefix": "forced\nwords", "direction": "directions",
          HELD_OUT: "worst,\nheld-out", ALL: "worst\nof all"}  # fmt: skip
COSTS = {"utility": "clean\nutility", "over_refusal": "over-\nrefusal", "time": "training\ntime"}
LONG = 15
"""Letters of an arm's name that fit on one line."""

GAP, COST, LEFT = 0.25, 0.78, -1.45
"""Space before the worst cases and before the costs, a cost's width, and where arms' names begin,
in cells' widths."""
BAR_LEFT, BAR_WIDTH = 0.04, 0.92
_BOTTOM, _HEIGHT = 0.16, 0.34


def draw(table: pa.Table, times: Sequence[pa.Table], utility_bound: float) -> Figure:
    """A line T0 and each arm's last round, a column a group of attacks, then costs.

    A cell's bar has the share of each verdict, and over it stands what complied with its 95 %
    interval. A frame says that the arm is trained against the attack. A dagger says in how
    many seeds no attack is within the bound: their clean model stands for it.

    Args:
        table: rows of `MATRIX` of one model.
        times: tables of `TRAINING_TIME`, one or none.
        utility_bound: what the attacks may cost.
    """
    rows = pd.DataFrame(last_rounds(table.to_pylist()))
    groups = columns_of(rows.to_dict("records"))
    arms = list(dict.fromkeys(zip(rows["arm"], rows["round"], strict=True)))
    ratios = (
        pd.concat([t.to_pandas() for t in times]).groupby("arm")["ratio"].mean() if times else {}
    )
    costs = [name for name in COSTS if name != "time" or len(ratios)]
    lefts, right = _places(groups, costs)
    width = max(WIDTH, CELL * (right - LEFT))
    figure, axis = plt.subplots(figsize=(width, LINE * len(arms) + 1.15))
    axis.set_xlim(LEFT, right)
    axis.set_ylim(len(arms), -0.75)
    axis.axis("off")
    for name in (*groups, *costs):
        title = TITLES.get(name, COSTS.get(name, name))
        axis.text(lefts[name] + 0.04, -0.08, title, fontsize=7.5, weight="bold", va="bottom")
    for line, (arm, number) in enumerate(arms):
        mine = rows[rows["arm"] == arm]
        axis.text(-1.42, line + 0.36, _name(arm, number, mine), fontsize=7.5, va="center")
        for group in groups:
            cell = mine[mine["attacks"] == group].set_index("column")
            if len(cell):
                _draw_cell(axis, lefts[group], line, cell)
        clean = mine[mine["attacks"] == CLEAN].set_index("column")
        for name in costs:
            text = _time(ratios, arm) if name == "time" else _share(clean, name)
            text = text.replace(" [", "\n[")
            axis.text(lefts[name] + 0.04, line + 0.36, text, fontsize=6.5, va="center")
    figure.text(0.01, 0.99, _title(rows, utility_bound), fontsize=8.5, weight="bold", va="top")
    _legend(figure, rows)
    figure.subplots_adjust(
        left=0.01, right=0.995, top=1 - 0.22 / figure.get_figheight(), bottom=0.0
    )
    return figure


def _places(groups: Sequence[str], costs: Sequence[str]) -> tuple[dict[str, float], float]:
    """Where each column begins, and where the last one ends."""
    lefts: dict[str, float] = {}
    at = 0.0
    for name in groups:
        at += GAP if name in (HELD_OUT, ALL) and not {HELD_OUT, ALL} & lefts.keys() else 0
        lefts[name], at = at, at + 1
    at += GAP
    for name in costs:
        lefts[name], at = at, at + COST
    return lefts, at


def _draw_cell(axis: Axes, left: float, line: int, cell: pd.DataFrame) -> None:
    start, width, bottom, height = BAR_LEFT, BAR_WIDTH, _BOTTOM, _HEIGHT
    at = left + start
    for name, colour in COLOURS.items():
        if name in cell.index:
            share = cell.loc[name, "mean"] * width
            bar = Rectangle(
                (at, line + bottom + 0.24), share, height, facecolor=colour, edgecolor="white",
                linewidth=0, hatch=HATCHES.get(name),
            )  # fmt: skip
            axis.add_patch(bar)
            at += share
    first = cell.iloc[0]
    if first["trained_against"] is True:
        frame = (left + start - 0.02, line + bottom + 0.20)
        size = (width + 0.04, height + 0.08)
        axis.add_patch(Rectangle(frame, *size, fill=False, edgecolor=style.INK, linewidth=1.3))
    text = _share(cell, "complied")
    axis.text(left + start, line + bottom + 0.16, text, fontsize=6.5, va="bottom")
    if (first["none_within"] or 0) > 0:
        note = f"† {first['none_within']:.0f} of {first['seeds']} seeds"
        axis.text(left + start, line + bottom + 0.66, note, fontsize=6, va="top")


def _share(cell: pd.DataFrame, name: str) -> str:
    """A mean with its interval, without zeros before the points."""
    if name not in cell.index:
        return "n/a"
    row = cell.loc[name]
    if pd.isna(row["low"]):
        return _number(row["mean"])
    return f"{_number(row['mean'])} [{_number(row['low'])}, {_number(row['high'])}]"


def _number(share: float) -> str:
    return f"{share:.2f}".removeprefix("0")


def _time(ratios: Mapping[str, float], arm: str) -> str:
    return f"{ratios[arm]:.1f}\N{MULTIPLICATION SIGN}" if arm in ratios else "-"


def _name(arm: str, number: int, rows: pd.DataFrame) -> str:
    missed = rows["gates_missed"].iloc[0]
    gate = "" if pd.isna(missed) or not missed else f"\n{missed:.0f} missed gate"
    name = "_\n".join(arm.rsplit("_", 1)) if len(arm) > LONG else arm
    return f"{name} T{number}{gate}" if len(arm) > LONG else f"{name}\nT{number}{gate}"


def _title(rows: pd.DataFrame, bound: float) -> str:
    harmful = rows[rows["column"] == "complied"]
    seeds, prompts = rows["seeds"].max(), harmful["n_prompts"].max()
    over = f"{seeds} seeds" if seeds > 1 else "one seed"
    return (
        f"{rows['model'].iloc[0]}: strongest attack that costs at most {bound:.0%} of utility, "
        f"{prompts} harmful prompts, {over}"
    )


def _legend(figure: Figure, rows: pd.DataFrame) -> None:
    has = {*rows["column"]}
    handles = [
        Patch(facecolor=colour, hatch=HATCHES.get(name), edgecolor="white", linewidth=0, label=name)
        for name, colour in COLOURS.items()
        if name in has
    ]
    if (rows["trained_against"] == True).any():  # noqa: E712 - a column of True, False and None
        frame = Patch(fill=False, edgecolor=style.INK, linewidth=1.3, label="trained against it")
        handles.append(frame)
    figure.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(0.0, 0.03),
        ncol=len(handles),
        fontsize=7.5,
    )
    notes = ["numbers: complied, with its 95 % interval over seeds and prompts"]
    if (rows["none_within"].fillna(0) > 0).any():
        notes.append("† seeds in which no attack keeps so much utility: their clean model counts")
    figure.text(0.01, -0.12 / figure.get_figheight(), "\n".join(notes), fontsize=7, va="top")
