"""Arms against a baseline under the strongest attack, on the same seeds and prompts."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from safeneuron.artifacts.tables import COUNT, FLAG, REAL, schema
from safeneuron.interventions.schemas import CLEAN
from safeneuron.results.outcomes import Outcomes
from safeneuron.results.settings import PrimaryContrast
from safeneuron.results.shown import COSTS, Rows, classes, first_benchmark, in_order
from safeneuron.results.summaries import (
    ARM_COLUMNS,
    SUMMARY,
    Summary,
    of_differences,
    summary_rows,
)
from safeneuron.results.worst_case import COMPARED, by_strength, strongest
from safeneuron.statistics.multiplicity import holm

CONTRAST = {
    **SUMMARY,
    "primary": FLAG,  # the one contrast that was named before the run
    "p": REAL,  # of `complied`, two-sided, uncorrected
    "p_holm": REAL,  # corrected over the model's contrasts but for the primary, which needs none
    "gates_missed": COUNT,
}
"""The columns of a difference between two arms."""

CONTRASTS = schema(**ARM_COLUMNS, **COMPARED, **CONTRAST)


def contrasts(
    rows: Rows,
    judges: Sequence[str],
    outcomes: Outcomes,
    baseline: str,
    primary: Mapping[str, PrimaryContrast],
) -> list[dict[str, Any]]:
    """`worst_case` less that of the baseline in the same round, paired by seed and prompt.

    Seeds differ far more than arms do, so that intervals of single arms overlap even where every
    seed agrees on the order of two arms.

    Columns: differences of what complied and was not refused, of every verdict, of utility, and of
    the clean model's utility and over-refusal. Empty without the baseline.

    Args:
        baseline: the arm that all others are compared with.
        primary: model -> the contrast that was named before the run.
    """
    frame = first_benchmark(rows, judges)
    strong, clean = strongest(frame), frame[frame["attack"] == CLEAN]
    names = [*classes(strong), "utility"]
    out: list[dict[str, Any]] = []
    for key, cell in by_strength(strong):
        arm, of_round = key["arm"], {"model": key["model"], "round": key["round"]}
        other = _rows(strong, {**key, "arm": baseline})
        seeds = {*cell["seed"]} & {*other["seed"]}
        if arm == baseline or not seeds:
            continue
        attacked = [side[side["seed"].isin(seeds)] for side in (cell, other)]
        sides = [_rows(clean, {**of_round, "arm": one}) for one in (arm, baseline)]
        unattacked = [side[side["seed"].isin(seeds)] for side in sides]
        columns = {name: difference(outcomes, attacked, name) for name in names}
        columns |= {f"clean_{name}": difference(outcomes, unattacked, name) for name in COSTS}
        named = primary.get(key["model"])
        is_primary = named is not None and named.model_dump().items() <= key.items()
        complied = columns["complied"]
        for row in summary_rows(key, columns, attacked[0]):
            p = complied.p if complied and row["column"] == "complied" else None
            out.append({**row, "primary": is_primary, "p": p, "p_holm": None})
    return in_order(corrected(out), rows)


def _rows(frame: pd.DataFrame, key: Mapping[str, Any]) -> pd.DataFrame:
    """The rows with the key's values, where None is no value."""
    mine = pd.Series(True, index=frame.index)
    for name, value in key.items():
        mine &= frame[name].isna() if value is None else frame[name] == value
    return frame[mine]


def difference(outcomes: Outcomes, sides: Sequence[pd.DataFrame], column: str) -> Summary | None:
    """A column of one side less that of the other, of the same seeds and prompts."""
    first, second = (outcomes.sample(side, column) for side in sides)
    return of_differences(first, second)


def corrected(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same rows with `p_holm`, over each model's contrasts but for the primary one."""
    out = list(rows)
    for model in {row["model"] for row in rows}:
        family = [
            index
            for index, row in enumerate(rows)
            if row["model"] == model and row["p"] is not None and not row["primary"]
        ]
        for index, p in zip(family, holm([rows[index]["p"] for index in family]), strict=True):
            out[index] = {**rows[index], "p_holm": p}
    return out
