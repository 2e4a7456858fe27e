"""What becomes of safe prompts under attack, benchmark by benchmark, never pooled."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from safeneuron.artifacts.tables import COUNT, GATED_STATE, REAL, STATE, TEXT, schema
from safeneuron.interventions.schemas import CELL
from safeneuron.results.attack_success import safe_shares
from safeneuron.results.counts import OVERALL, Tally, judged_cells
from safeneuron.results.shown import of_shown_judge
from safeneuron.statistics.intervals import wilson_interval
from safeneuron.verdict import Verdict

OVER_REFUSAL = schema(
    **GATED_STATE,
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


def over_refusal(verdicts: Sequence[Path]) -> list[dict[str, Any]]:
    """Rows of `OVER_REFUSAL`, but for the column `gate`, from files of `VERDICTS`.

    A row a judge, cell, safe benchmark and category, and one for all categories (`overall`).
    """
    return [
        {
            **{name: cell.columns[name] for name in (*STATE, "attack", *CELL, "judge")},
            "benchmark": prompts.benchmark,
            "category": prompts.category,
            **_shares(tally),
        }
        for cell in judged_cells(verdicts)
        for prompts, tally in cell.tallies.items()
        if prompts.role == "safe"
    ]


def by_benchmark(table: pa.Table, judges: Sequence[str]) -> pa.Table:
    """One judge on whole benchmarks, clean and under the attacks themselves, for reading.

    Args:
        judges: those whose verdicts may be shown; the first that judged a benchmark is.
    """
    shown = of_shown_judge(table.to_pylist(), judges)
    rows = pa.Table.from_pylist(shown, schema=table.schema)
    rows = rows.filter((pc.field("category") == OVERALL) & pc.field("control_seed").is_null())
    return rows.drop_columns(["gate", "operator", "control_seed", "category"])


def _shares(tally: Tally) -> dict[str, Any]:
    refused = tally.verdicts[Verdict.REFUSED]
    interval = wilson_interval(refused, tally.total)
    return {
        "n_prompts": tally.total,
        "n_refused": refused,
        "over_refusal_low": interval.low,
        "over_refusal_high": interval.high,
        **safe_shares(tally),
    }
