"""Do judges agree on what succeeded? Cohen's kappa of every two of them, state by state.

Over the responses to harmful prompts; compared is what the attack success rate counts, complied or
not. Text that all but the oracle call broken by the same check makes judges agree more.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from safeneuron.artifacts.tables import COUNT, GATED_STATE, REAL, STATE, TEXT, schema
from safeneuron.interventions.schemas import ABOUT
from safeneuron.results.use import read_verdicts
from safeneuron.statistics.intervals import Interval
from safeneuron.verdict import Verdict

JUDGE_AGREEMENT = schema(
    **GATED_STATE,
    attack=TEXT,
    target=TEXT,  # all fractions, strengths and controls of a target together
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

_RESPONSES = (*STATE, "attack", "benchmark")

DRAWS = 1000
"""Bootstrap samples of prompts; all responses to a prompt are drawn together."""


def judge_agreement(verdicts: Sequence[Path]) -> list[dict[str, Any]]:
    """Every two judges of the same responses, from files of `VERDICTS`.

    Returns:
        Rows of `JUDGE_AGREEMENT`, but for the column `gate`.

    Raises:
        ValueError: two judges of one attack on one state saw different responses.
    """
    files: dict[tuple[Any, ...], list[Path]] = {}
    for path in verdicts:
        first = read_verdicts(path).slice(0, 1).to_pylist()[0]
        if first["role"] == "harmful":
            files.setdefault(tuple(first[name] for name in _RESPONSES), []).append(path)
    return [
        dict(zip(_RESPONSES, about, strict=True)) | row
        for about, paths in files.items()
        for row in _agreements([read_verdicts(path) for path in paths])
    ]


def _agreements(tables: Sequence[pa.Table]) -> list[dict[str, Any]]:
    """What follows the state, attack and benchmark in rows of `JUDGE_AGREEMENT`."""
    if any(not t.select(list(ABOUT)).equals(tables[0].select(list(ABOUT))) for t in tables[1:]):
        raise ValueError("verdicts of different responses cannot be compared")
    rows = []
    judged = [table.to_pylist() for table in tables]
    for first, second in combinations(judged, 2):
        groups: dict[str, list[tuple[dict[str, Any], dict[str, Any]]]] = {}
        for one, other in zip(first, second, strict=True):
            groups.setdefault(one["target"], []).append((one, other))
        for target, pairs in groups.items():
            one, other = pairs[0]
            names = {"target": target, "first": one["judge"], "second": other["judge"]}
            rows.append(names | compared(pairs))
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
