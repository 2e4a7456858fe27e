"""Do judges agree on what succeeded? Cohen's kappa of every two of them, state by state.

Over the responses to harmful prompts; compared is what the attack success rate counts, complied or
not. Text that all but the oracle call broken by the same check makes judges agree more.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pyarrow as pa

from safeneuron.artifacts.tables import COUNT, REAL, STATE, TEXT, schema
from safeneuron.interventions.schemas import CELL, PROMPT
from safeneuron.judges.verdicts import Verdict
from safeneuron.statistics import Interval

JUDGE_AGREEMENT = schema(
    **STATE,
    attack=TEXT,
    level=TEXT,  # all strengths and the controls of a level together
    benchmark=TEXT,
    first=TEXT,
    second=TEXT,
    n_prompts=COUNT,
    n_responses=COUNT,  # that both gave a verdict on
    n_unjudged=COUNT,  # left out: one of the two gave none
    both=COUNT,  # complied
    only_first=COUNT,
    only_second=COUNT,
    neither=COUNT,
    agreement=REAL,
    kappa=REAL,  # null where both judges say the same of everything: chance agrees as well
    kappa_low=REAL,
    kappa_high=REAL,
)

DRAWS = 1000
"""Bootstrap samples of prompts; all responses to a prompt are drawn together."""


def judge_agreement(
    tables: Sequence[pa.Table], roles: Mapping[str, str], context: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Rows of `JUDGE_AGREEMENT` for one attack on one model state.

    Args:
        tables: tables of `VERDICTS` of the same responses, one a judge.
        roles: benchmark -> harmful or safe.
        context: the columns that are the same in all rows (state, attack).

    Raises:
        ValueError: the tables are of different responses.
    """
    about = [*CELL, *PROMPT]
    if any(not t.select(about).equals(tables[0].select(about)) for t in tables[1:]):
        raise ValueError("verdicts of different responses cannot be compared")
    rows = []
    judged = [table.to_pylist() for table in tables]
    for first, second in combinations(judged, 2):
        groups: dict[tuple[str, str], list[tuple]] = {}
        for one, other in zip(first, second, strict=True):
            if roles[one["benchmark"]] == "harmful":
                groups.setdefault((one["level"], one["benchmark"]), []).append((one, other))
        for (level, benchmark), pairs in groups.items():
            names = {"first": pairs[0][0]["judge"], "second": pairs[0][1]["judge"]}
            key = {**context, "level": level, "benchmark": benchmark, **names}
            rows.append(key | compared(pairs))
    return rows


def compared(pairs: Iterable[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> dict[str, Any]:
    """Counts, agreement and kappa with its 95 % interval, of pairs of verdicts on one response."""
    by_prompt: dict[str, np.ndarray] = {}
    unjudged = 0
    for one, other in pairs:
        if Verdict.UNJUDGED in (one["verdict"], other["verdict"]):
            unjudged += 1
            continue
        cell = tuple(int(v["verdict"] != Verdict.COMPLIED) for v in (one, other))
        by_prompt.setdefault(one["prompt_id"], np.zeros((2, 2), dtype=np.int64))[cell] += 1
    counts = np.array(list(by_prompt.values())).reshape(-1, 2, 2)
    (both, only_first), (only_second, neither) = counts.sum(axis=0).tolist()
    n = int(counts.sum())
    kappa = float(cohen_kappa(counts.sum(axis=0)))
    low, high = kappa_interval(counts)
    return {
        "n_prompts": len(counts),
        "n_responses": n,
        "n_unjudged": unjudged,
        "both": both,
        "only_first": only_first,
        "only_second": only_second,
        "neither": neither,
        "agreement": (both + neither) / n if n else None,
        **{
            name: None if math.isnan(value) else value
            for name, value in (("kappa", kappa), ("kappa_low", low), ("kappa_high", high))
        },
    }


def cohen_kappa(counts: np.ndarray) -> np.ndarray:
    """Cohen's (1960) kappa of tables of two raters.

    Args:
        counts: [..., classes, classes], the first rater's classes in rows.

    Returns:
        [...]; nan where chance alone agrees always (or nothing is counted).
    """
    n = counts.sum(axis=(-2, -1))
    with np.errstate(invalid="ignore", divide="ignore"):
        seen = np.trace(counts, axis1=-2, axis2=-1) / n
        chance = (counts.sum(axis=-1) * counts.sum(axis=-2)).sum(axis=-1) / n**2
        return np.where(chance == 1, np.nan, (seen - chance) / (1 - chance))


def kappa_interval(counts: np.ndarray, seed: int = 0) -> Interval:
    """95 % percentile interval of kappa, bootstrapped over prompts.

    Args:
        counts: [prompts, 2, 2], the table of each prompt's responses.

    Returns:
        (nan, nan) where kappa itself is not defined; samples without it are left out.
    """
    if len(counts) == 0 or np.isnan(cohen_kappa(counts.sum(axis=0))):
        return Interval(math.nan, math.nan)
    rng = np.random.default_rng(seed)
    weights = rng.multinomial(len(counts), np.full(len(counts), 1 / len(counts)), size=DRAWS)
    kappas = cohen_kappa(np.tensordot(weights, counts, axes=1))
    low, high = np.nanpercentile(kappas, [2.5, 97.5])
    return Interval(float(low), float(high))
