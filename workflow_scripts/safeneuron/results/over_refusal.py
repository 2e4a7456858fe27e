"""What becomes of safe prompts under attack, benchmark by benchmark, never pooled."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from safeneuron.artifacts.tables import COUNT, REAL, STATE, TEXT, schema
from safeneuron.interventions.schemas import CELL
from safeneuron.results.attack_success import OVERALL, safe_shares
from safeneuron.statistics import wilson_interval
from safeneuron.verdict import Verdict

OVER_REFUSAL = schema(
    **STATE,
    attack=TEXT,
    **CELL,
    benchmark=TEXT,
    category=TEXT,
    judge=TEXT,
    n_prompts=COUNT,
    n_refused=COUNT,
    over_refusal=REAL,
    over_refusal_low=REAL,  # 95 % Wilson interval
    over_refusal_high=REAL,
    utility=REAL,  # answered exactly; null without an oracle
    coherent=REAL,  # not broken
)


def over_refusal(
    verdicts: pa.Table, roles: Mapping[str, str], context: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Rows of `OVER_REFUSAL` for one attack on one model state by one judge.

    A row a cell, safe benchmark and category, and one for all categories (`overall`).

    Args:
        verdicts: a table of `VERDICTS`.
        roles: benchmark -> harmful or safe.
        context: the columns that are the same in all rows (state, attack).
    """
    groups: dict[tuple, list[dict[str, Any]]] = {}
    for row in verdicts.to_pylist():
        if roles[row["benchmark"]] == "safe":
            cell = tuple(row[name] for name in CELL)
            for category in (OVERALL, row["category"]):
                key = (*cell, row["benchmark"], category, row["judge"])
                groups.setdefault(key, []).append(row)
    names = (*CELL, "benchmark", "category", "judge")
    return [
        {**context, **dict(zip(names, key, strict=True)), **_shares(rows)}
        for key, rows in groups.items()
    ]


def by_benchmark(table: pa.Table, judge: str) -> pa.Table:
    """One judge on whole benchmarks, clean and under the attacks themselves, for reading."""
    whole = pc.and_(pc.equal(table["category"], OVERALL), pc.equal(table["judge"], judge))
    rows = table.filter(pc.and_(whole, pc.not_equal(table["selector"], "random")))
    left_out = [
        "gate",
        "selector",
        "operator",
        "strength",
        "control_seed",
        "category",
        "judge",
    ]
    return rows.drop_columns(left_out)


def _shares(rows: list[dict[str, Any]]) -> dict[str, Any]:
    refused = sum(row["verdict"] == Verdict.REFUSED for row in rows)
    interval = wilson_interval(refused, len(rows))
    return {
        "n_prompts": len(rows),
        "n_refused": refused,
        "over_refusal_low": interval.low,
        "over_refusal_high": interval.high,
        **safe_shares(rows),
    }
