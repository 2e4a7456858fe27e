"""Arms against attacks: what each arm's model does clean, and in its bounded worst cases."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pandas as pd

from safeneuron.artifacts.tables import COUNT, FLAG, TEXT, schema
from safeneuron.interventions.schemas import CLEAN
from safeneuron.results.bounded_worst_case import ALL, HELD_OUT
from safeneuron.results.outcomes import Outcomes
from safeneuron.results.shown import ARM, Rows, classes
from safeneuron.results.summaries import ARM_COLUMNS, SUMMARY, of_shares, summary_rows
from safeneuron.results.wide import WideTable, gate_of

MATRIX = schema(
    **ARM_COLUMNS,
    attacks=TEXT,  # as in `BOUNDED_WORST_CASE`
    **SUMMARY,
    n_prompts=COUNT,  # that the mean is over, of each seed
    trained_against=FLAG,  # whether the arm is trained against this kind; null where it is none
    cells=COUNT,  # among how many the strongest was chosen; null for the clean model
    none_within=COUNT,  # in how many seeds none was within the bound, and the clean model stands
    gates_missed=COUNT,
)

SHARES = ("complied", "attempted", "refused", "broken")
"""What a cell shows; `attempted` where the judge says so of any."""

COSTS = ("utility", "over_refusal")
"""What the clean model's columns show besides."""


def matrix(
    worst: pd.DataFrame,
    rows: Rows,
    outcomes: Outcomes,
    simulates: Mapping[str, Collection[str]],
) -> list[dict[str, Any]]:
    """Rows of `MATRIX`: shares of harmful prompts and utility, over seeds and prompts.

    Args:
        worst: from `bounded_worst_cases`.
        rows: rows of `ATTACK_SUCCESS`, whose order of states is kept.
        outcomes: on evaluation prompts.
        simulates: arm -> the kinds of attacks that it is trained against.
    """
    names = [*classes(worst), "utility"]
    out: list[dict[str, Any]] = []
    for values, cells in worst.groupby([*ARM, "attacks"], sort=False):
        key = dict(zip([*ARM, "attacks"], values, strict=True))
        is_clean = key["attacks"] == CLEAN
        columns = [*names, "over_refusal"] if is_clean else names
        samples = {name: outcomes.sample(cells, name) for name in columns}
        prompts = {name: one.values.shape[1] for name, one in samples.items() if one}
        shares = {name: of_shares(one) for name, one in samples.items()}
        trained = key["attacks"] in simulates.get(key["arm"], ())
        about = {
            "trained_against": None if key["attacks"] in (CLEAN, HELD_OUT, ALL) else trained,
            "cells": None if is_clean else int(cells["cells"].iloc[0]),
            "none_within": None if is_clean else int((cells["within"] == 0).sum()),
        }
        for row in summary_rows(key, shares, cells):
            out.append({**row, **about, "n_prompts": prompts[row["column"]]})
    order = list(dict.fromkeys(tuple(row[name] for name in ARM) for row in rows))
    return sorted(out, key=lambda row: order.index(tuple(row[name] for name in ARM)))


def last_rounds(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The rows of each arm's last round, and of T0."""
    last: dict[tuple[str, str], int] = {}
    for row in rows:
        arm = row["model"], row["arm"]
        last[arm] = max(last.get(arm, 0), row["round"])
    return [row for row in rows if row["round"] == last[row["model"], row["arm"]]]


def columns_of(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The groups of attacks that there are: clean, the kinds, held-out, all."""
    named = dict.fromkeys(row["attacks"] for row in rows)
    last = [name for name in (HELD_OUT, ALL) if name in named]
    return [*(name for name in named if name not in last), *last]


def as_matrix(rows: Sequence[Mapping[str, Any]]) -> WideTable:
    """A line an arm's last round, a column a group of attacks, then the clean model's costs.

    A cell has what complied with its 95 % interval, then the other shares. A star says that the arm
    is trained against the kind, and a note in how many seeds no attack is within the bound.
    """
    shown = last_rounds(rows)
    groups = columns_of(shown)
    found: dict[tuple[Any, ...], dict[tuple[str, str], Mapping[str, Any]]] = {}
    for row in shown:
        of_arm = found.setdefault(tuple(row[name] for name in ARM), {})
        of_arm[row["attacks"], row["column"]] = row
    has = [name for name in SHARES if any(row["column"] == name for row in shown)]
    lines = []
    for key, cells in found.items():
        costs = [_share(cells.get((CLEAN, name))) for name in COSTS]
        clean = next(iter(cells.values()))
        lines.append(
            [*map(str, key), *(_cell(cells, group, has) for group in groups), *costs,
             str(clean["seeds"]), gate_of(clean)]
        )  # fmt: skip
    shares = " / ".join(has)
    titled = [f"{name}: {shares}" if number == 0 else name for number, name in enumerate(groups)]
    return WideTable([*ARM, *titled, *(f"clean {name}" for name in COSTS), "seeds", "gate"], lines)


def _cell(
    cells: Mapping[tuple[str, str], Mapping[str, Any]], group: str, shares: Sequence[str]
) -> str:
    if (group, shares[0]) not in cells:
        return "n/a"
    first = cells[group, shares[0]]
    rest = [f"{cells[group, name]['mean']:.2f}" for name in shares[1:]]
    text = " / ".join([_share(first), *rest])
    if first["trained_against"]:
        text += " *"
    if first["none_within"]:
        text += f" (clean in {first['none_within']} of {first['seeds']} seeds: none within)"
    return text


def _share(row: Mapping[str, Any] | None) -> str:
    if row is None:
        return "n/a"
    if row["low"] is None:
        return f"{row['mean']:.2f}"
    return f"{row['mean']:.2f} [{row['low']:.2f}, {row['high']:.2f}]"
