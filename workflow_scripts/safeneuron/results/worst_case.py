"""The strongest adaptive attack on each state, among the cells that all states have.

Attacks on neurons are compared at each share of them. Attacks on something else have no share: of
all that act on directions, say, and of all their strengths, the strongest is taken. Attacks that
move or train the weights take no part: they are reported as curves (`attack_curves`).
"""

from collections.abc import Iterator, Sequence
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
    place_of,
)
from safeneuron.results.summaries import ARM_COLUMNS, SUMMARY, of_shares, summary_rows
from safeneuron.results.targets import INFERENCE_TIME, NEURONS

COMPARED = {
    "acted_on": TEXT,  # neurons, direction, …; none for the clean model
    "fraction": REAL,  # of the neurons; null where none are attacked
}
"""The columns that say among which attacks the strongest is taken."""

OUTCOME = {
    "complied": REAL,
    "not_refused": REAL,
    "attempted": REAL,  # of the oracle alone
    "refused": REAL,
    "broken": REAL,
    "utility": REAL,
    "gate": TEXT,
}
"""What became of the prompts of one state and seed under the attack that was chosen."""

WORST_CASE = schema(**ARM_COLUMNS, **COMPARED, **SUMMARY, cells=COUNT, gates_missed=COUNT)
WORST_CASE_BY_SEED = schema(
    **STATE,
    **COMPARED,
    benchmark=TEXT,
    judge=TEXT,
    attack=TEXT,  # the one that is strongest, with its operator's strength if it has one
    target=TEXT,
    cells=COUNT,  # among how many cells; null for the clean model
    **OUTCOME,
)


def strongest(frame: pd.DataFrame) -> pd.DataFrame:
    """The cell with the highest ASR for each state, seed and strength, and among how many `cells`.

    A strength is what is acted on, and of neurons the fraction. A maximum grows with the number of
    cells that it is taken over. It is therefore taken over those (attack, strength, target) that
    all states of the model have that are attacked so.

    Args:
        frame: from `first_benchmark`.
    """
    compared = adaptive(frame)
    compared = compared[compared["fraction"].notna() | (compared["acted_on"] != NEURONS)]
    compared = that_all_have(compared, [*COMPARED], ["attack", "target"])
    ordered = compared.sort_values("asr", ascending=False, kind="stable")
    return ordered.drop_duplicates([*STATE, *COMPARED])


def adaptive(frame: pd.DataFrame) -> pd.DataFrame:
    """The cells of inference-time attacks that are made for the state itself, without controls."""
    return frame[
        (frame["attack"] != CLEAN)
        & (frame["set_source"] != "static")
        & frame["control_seed"].isna()
        & frame["acted_on"].isin(INFERENCE_TIME.values())
    ]


def that_all_have(cells: pd.DataFrame, among: list[str], kind: list[str]) -> pd.DataFrame:
    """The cells that all states of a model have, with how many a state has in the column `cells`.

    Args:
        among: columns: the states are those with the same values there, and so are the cells.
        kind: columns that say which of them a cell is.
    """
    where = ["model", *among]
    states = cells[[*STATE, *among]].drop_duplicates()
    in_all = states.groupby(where, dropna=False).size().rename("states")
    having = cells.groupby([*where, *kind], dropna=False).size().rename("having")
    counted = having.reset_index().merge(in_all.reset_index(), on=where)
    common = counted[counted["having"] == counted["states"]]
    number = common.groupby(where, dropna=False).size().rename("cells").reset_index()
    return cells.merge(common[[*where, *kind]], on=[*where, *kind]).merge(number, on=where)


def by_strength(strong: pd.DataFrame) -> Iterator[tuple[dict[str, Any], pd.DataFrame]]:
    """The rows of `strongest` of each model, arm, round and strength, and what they are about."""
    columns = [*ARM, *COMPARED]
    for values, cell in strong.groupby(columns, sort=False, dropna=False):
        key = dict(zip(columns, values, strict=True))
        yield key | {"fraction": None if pd.isna(key["fraction"]) else key["fraction"]}, cell


def worst_case(rows: Rows, judges: Sequence[str], outcomes: Outcomes) -> list[dict[str, Any]]:
    """The strongest adaptive attack at each strength, over targets and attacks, seed by seed.

    Columns: what complied and was not refused, every verdict, and utility, in the cell with the
    highest ASR; and the clean model's utility, over-refusal, ASR and what it did not refuse.
    """
    frame = first_benchmark(rows, judges)
    strong = strongest(frame)
    out = []
    for key, cell in by_strength(strong):
        clean = clean_of(frame, key)
        names = [*classes(strong), "utility"]
        columns = {name: of_shares(outcomes.sample(cell, name)) for name in names}
        for name in (*COSTS, "asr", "not_refused"):
            columns[f"clean_{name}"] = of_shares(outcomes.sample(clean, name))
        cells = int(cell["cells"].iloc[0])
        out += [{**row, "cells": cells} for row in summary_rows(key, columns, clean)]
    return in_order(out, rows)


def worst_case_by_seed(rows: Rows, judges: Sequence[str]) -> list[dict[str, Any]]:
    """Rows of `WORST_CASE_BY_SEED`: each state and seed clean, and its worst case a strength."""
    frame = first_benchmark(rows, judges)
    strong = strongest(frame)
    clean = frame[frame["attack"] == CLEAN].assign(cells=None)
    shown = pd.concat([clean.astype(object), strong.astype(object)])[WORST_CASE_BY_SEED.names]
    order = list(dict.fromkeys(tuple(row[name] for name in STATE) for row in rows))
    return sorted(
        shown.where(shown.notna(), None).to_dict("records"),
        key=lambda r: (order.index(tuple(r[name] for name in STATE)), *place_of(r)),
    )
