"""The strongest adaptive attack on each state, among the cells that all states have."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from safeneuron.artifacts.tables import COUNT, REAL, STATE, TEXT, schema
from safeneuron.interventions.schemas import CLEAN
from safeneuron.results.outcomes import Outcomes
from safeneuron.results.shown import (
    ARM,
    COSTS,
    Rows,
    classes,
    clean_of,
    first_benchmark,
    in_order,
)
from safeneuron.results.summaries import ARM_COLUMNS, SUMMARY, of_shares, summary_rows

WORST_CASE = schema(**ARM_COLUMNS, fraction=REAL, **SUMMARY, cells=COUNT, gates_missed=COUNT)
WORST_CASE_BY_SEED = schema(
    **STATE,
    fraction=REAL,  # null for the clean model
    benchmark=TEXT,
    judge=TEXT,
    attack=TEXT,  # the one that is strongest, with its operator's strength if it has one
    target=TEXT,
    cells=COUNT,  # among how many cells; null for the clean model
    complied=REAL,
    not_refused=REAL,
    attempted=REAL,  # of the oracle alone
    refused=REAL,
    broken=REAL,
    utility=REAL,
    gate=TEXT,
)


def strongest(frame: pd.DataFrame) -> pd.DataFrame:
    """The cell with the highest ASR for each state, seed and fraction, and among how many `cells`.

    A maximum grows with the number of cells that it is taken over. It is therefore taken over those
    (attack, strength, target) that all states of the model have that are attacked at a fraction.

    Args:
        frame: from `first_benchmark`.
    """
    adaptive = frame[
        (frame["set_source"] == "adaptive")
        & frame["control_seed"].isna()
        & frame["fraction"].notna()
    ]
    where, kind = ["model", "fraction"], ["attack", "target"]
    states = adaptive[[*STATE, "fraction"]].drop_duplicates()
    in_all = states.groupby(where).size().rename("states")
    having = adaptive.groupby([*where, *kind]).size().rename("having")
    counted = having.reset_index().merge(in_all.reset_index(), on=where)
    common = counted[counted["having"] == counted["states"]]
    cells = common.groupby(where).size().rename("cells").reset_index()
    compared = adaptive.merge(common[[*where, *kind]], on=[*where, *kind]).merge(cells, on=where)
    ordered = compared.sort_values("asr", ascending=False, kind="stable")
    return ordered.drop_duplicates([*STATE, "fraction"])


def worst_case(rows: Rows, judges: Sequence[str], outcomes: Outcomes) -> list[dict[str, Any]]:
    """The strongest adaptive attack at each fraction, over targets and attacks, seed by seed.

    Columns: what complied and was not refused, every verdict, and utility, in the cell with the
    highest ASR; and the clean model's utility, over-refusal, ASR and what it did not refuse.
    """
    frame = first_benchmark(rows, judges)
    strong = strongest(frame)
    out = []
    for (model, arm, number, fraction), cell in strong.groupby([*ARM, "fraction"], sort=False):
        key = {"model": model, "arm": arm, "round": number, "fraction": fraction}
        clean = clean_of(frame, key)
        names = [*classes(strong), "utility"]
        columns = {name: of_shares(outcomes.sample(cell, name)) for name in names}
        for name in (*COSTS, "asr", "not_refused"):
            columns[f"clean_{name}"] = of_shares(outcomes.sample(clean, name))
        cells = int(cell["cells"].iloc[0])
        out += [{**row, "cells": cells} for row in summary_rows(key, columns, clean)]
    return in_order(out, rows)


def worst_case_by_seed(rows: Rows, judges: Sequence[str]) -> list[dict[str, Any]]:
    """Rows of `WORST_CASE_BY_SEED`: each state and seed clean, and its worst case a fraction."""
    frame = first_benchmark(rows, judges)
    strong = strongest(frame)
    clean = frame[frame["attack"] == CLEAN].assign(cells=None)
    shown = pd.concat([clean.astype(object), strong.astype(object)])[WORST_CASE_BY_SEED.names]
    order = list(dict.fromkeys(tuple(row[name] for name in STATE) for row in rows))
    return sorted(
        shown.where(shown.notna(), None).to_dict("records"),
        key=lambda r: (order.index(tuple(r[name] for name in STATE)), r["fraction"] or 0),
    )
