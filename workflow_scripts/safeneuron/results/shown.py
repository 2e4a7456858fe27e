"""Which rows of `attack_success` tables and the report show: one judge, one benchmark a model."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from safeneuron.artifacts.tables import STATE
from safeneuron.interventions.schemas import CLEAN
from safeneuron.results.attack_success import ATTACK_SUCCESS
from safeneuron.results.counts import OVERALL
from safeneuron.results.outcomes import cell_of
from safeneuron.results.targets import NEURONS, acted_on, attack_shown

Rows = Sequence[Mapping[str, Any]]

ARM = ["model", "arm", "round"]
"""The columns that say which states are summed up over seeds."""

COSTS = ("utility", "over_refusal")
_CLASSES = ("complied", "not_refused", "attempted", "refused", "harmless", "broken", "unjudged")
_OF_SOME_JUDGES = ("attempted", "harmless", "unjudged")  # shown where there are any


def of_shown_judge(rows: Rows, judges: Sequence[str]) -> list[Mapping[str, Any]]:
    """The rows of the one judge that is shown of a model on a benchmark: the first that judged."""
    judged = {(row["model"], row["benchmark"], row["judge"]) for row in rows}
    shown = {
        (model, benchmark): next((j for j in judges if (model, benchmark, j) in judged), None)
        for model, benchmark, _ in judged
    }
    return [row for row in rows if row["judge"] == shown[row["model"], row["benchmark"]]]


def judges_shown(rows: Rows, judges: Sequence[str]) -> str:
    """The names of the judges that are shown of some model."""
    return ", ".join(dict.fromkeys(row["judge"] for row in of_shown_judge(rows, judges)))


def of_first_benchmark(rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The rows of each model's first harmful benchmark: several are not seeds of one."""
    first: dict[str, str] = {}
    return [r for r in rows if r["benchmark"] == first.setdefault(r["model"], r["benchmark"])]


def first_benchmark(rows: Rows, judges: Sequence[str]) -> pd.DataFrame:
    """`whole_benchmarks` of each model's first."""
    return whole_benchmarks(of_first_benchmark(rows), judges)


def whole_benchmarks(rows: Rows, judges: Sequence[str]) -> pd.DataFrame:
    """The shown judge's rows on whole benchmarks, with attacks as shown.

    Two columns are added: `cell`, and `acted_on`, what the attack acts on.
    """
    shown = [row for row in of_shown_judge(rows, judges) if row["category"] == OVERALL]
    return pd.DataFrame(
        [
            {
                **row,
                "attack": attack_shown(row),
                "cell": cell_of(row),
                "acted_on": acted_on(row),
            }
            for row in shown
        ],
        columns=[*ATTACK_SUCCESS.names, "cell", "acted_on"],
    ).astype({"fraction": float})  # also where no row has one


def clean_of(frame: pd.DataFrame, key: Mapping[str, Any]) -> pd.DataFrame:
    """The rows of the clean model in a state, and on a benchmark or of a seed if the key says."""
    mine = frame["attack"] == CLEAN
    for name in (*STATE, "benchmark"):
        if name in key:
            mine &= frame[name] == key[name]
    return frame[mine]


def classes(frame: pd.DataFrame) -> list[str]:
    """The shares of harmful prompts that have a column: what complied, what was not refused, and
    every verdict, those that only some judges say where there are any.
    """
    return [name for name in _CLASSES if name not in _OF_SOME_JUDGES or frame[name].any()]


def in_order(out: list[dict[str, Any]], rows: Rows) -> list[dict[str, Any]]:
    """Rows about states and strengths in the states' order of `rows`, weakest attack first.

    Attacks on neurons come first, by their fraction; others by what they act on.
    """
    order = list(dict.fromkeys(tuple(row[key] for key in ARM) for row in rows))
    return sorted(out, key=lambda r: (order.index(tuple(r[k] for k in ARM)), *place_of(r)))


def place_of(row: Mapping[str, Any]) -> tuple[int, str, float]:
    """Where a row stands among those of its state: clean, attacks on neurons, others."""
    kinds = {"none": 0, NEURONS: 1}
    return (kinds.get(row["acted_on"], 2), row["acted_on"], row["fraction"] or 0)
