"""Whether what a ranking puts first matters more than what it puts last: MoRF and LeRF curves.

A ranking is read from both ends, most relevant first (MoRF) and least relevant first (LeRF), and
the model attacked at ever larger shares (Samek et al., 2017; of selectors of refusal neurons arXiv
2607.05355). A valid ranking has a wide area between the curves, and its MoRF curve differs from
that of random neurons with as many in each layer.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from safeneuron.artifacts.tables import COUNT, REAL, TEXT, schema
from safeneuron.results.outcomes import Outcomes, Sample
from safeneuron.results.settings import AuditedRanking
from safeneuron.results.shown import Rows, classes, clean_of, first_benchmark
from safeneuron.results.summaries import (
    ARM_COLUMNS,
    SUMMARY,
    Summary,
    of_differences,
    of_shares,
    of_sizes,
    summary_rows,
)

MOST, LEAST, RANDOM, RANDOM_LEAST = "most", "least", "random", "random_least"
"""Curves: of a ranking's both ends, and of random neurons with as many in each layer as each."""

COMPARED = {
    f"{MOST}-{LEAST}": (MOST, LEAST),
    f"{MOST}-{RANDOM}": (MOST, RANDOM),
    f"{LEAST}-{RANDOM_LEAST}": (LEAST, RANDOM_LEAST),
}
"""What an area is between: the first curve less the second."""

_RANKING = {"selection": TEXT, "target": TEXT}

CAUSAL_AUDIT = schema(
    **ARM_COLUMNS,
    **_RANKING,
    between=TEXT,  # a key of COMPARED
    upto=REAL,  # the greatest share of the neurons
    **SUMMARY,  # mean difference of the curves from no neuron to that share
    gates_missed=COUNT,
)
CAUSAL_CURVES = schema(
    **ARM_COLUMNS, **_RANKING, curve=TEXT, fraction=REAL, **SUMMARY, gates_missed=COUNT
)


def causal_audit(
    rows: Rows, judges: Sequence[str], outcomes: Outcomes, rankings: Sequence[AuditedRanking]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows of `CAUSAL_AUDIT` and of `CAUSAL_CURVES`.

    Columns: every class of harmful prompts, and utility; of curves `neurons` too, which are fewer
    than the share asks for where a one-sided criterion may choose no more.

    Args:
        rankings: pairs of attacks that differ in the end that they read a ranking from.
    """
    areas: list[dict[str, Any]] = []
    points: list[dict[str, Any]] = []
    frame = first_benchmark(rows, judges)
    names = [*classes(frame), "utility"]
    for key, cells, clean in _rankings(frame, rankings):
        shares = sorted(cells["fraction"].unique())
        samples: dict[tuple[str, str], list[Sample]] = {}
        for curve, of_curve in cells.groupby("curve", sort=False):
            for share, at in [(0.0, clean), *_by_share(of_curve, shares)]:
                columns: dict[str, Summary | None] = {}
                for name in names:
                    sample = outcomes.sample(at, name)
                    columns[name] = of_shares(sample)
                    if sample is not None:
                        samples.setdefault((str(curve), name), []).append(sample)
                columns["neurons"] = of_sizes(at.groupby("seed")["n_neurons"].mean())
                about = {**key, "curve": curve, "fraction": share}
                points += summary_rows(about, columns, clean)
        for between, (first, second) in COMPARED.items():
            columns = {
                name: of_differences(
                    *(area(samples.get((curve, name)), shares) for curve in (first, second))
                )
                for name in names
            }
            about = {**key, "between": between, "upto": shares[-1]}
            areas += summary_rows(about, columns, clean)
    return areas, points


def area(curve: Sequence[Sample] | None, shares: Sequence[float]) -> Sample | None:
    """The mean of a curve from no neuron to its greatest share, prompt by prompt (trapezoids).

    Args:
        curve: outcomes of the clean model, then at each share.
        shares: of all neurons, ascending.
    """
    if curve is None or len(curve) <= len(shares):  # not known at every share
        return None
    at = np.array([0.0, *shares])
    values = np.stack([sample.values.astype(float) for sample in curve])
    return Sample(np.trapezoid(values, at, axis=0) / at[-1], curve[0].clusters)


def _rankings(
    frame: pd.DataFrame, rankings: Sequence[AuditedRanking]
) -> Iterator[tuple[dict[str, Any], pd.DataFrame, pd.DataFrame]]:
    """What a ranking's rows are about, its cells with the column `curve`, and the clean ones."""
    for ranking in rankings:
        ends = {ranking.most: (MOST, RANDOM), ranking.least: (LEAST, RANDOM_LEAST)}
        cells = frame[frame["attack"].isin(ends) & frame["fraction"].notna()]
        if cells.empty:
            continue
        curves = [
            ends[attack][int(not np.isnan(seed))]
            for attack, seed in zip(
                cells["attack"], cells["control_seed"].astype(float), strict=True
            )
        ]
        cells = cells.assign(curve=curves)
        for of, mine in cells.groupby([*ARM_COLUMNS, "target"], sort=False):
            about = dict(zip([*ARM_COLUMNS, "target"], of, strict=True))
            state = {name: about[name] for name in ARM_COLUMNS}
            seeds = set.intersection(*(set(one["seed"]) for _, one in mine.groupby("curve")))
            clean = _clean(frame, state, seeds)
            key = {**state, "selection": ranking.selection, "target": about["target"]}
            yield key, mine[mine["seed"].isin(seeds)], clean


def _clean(frame: pd.DataFrame, state: Mapping[str, Any], seeds: set[int]) -> pd.DataFrame:
    rows = clean_of(frame, {})
    for name, value in state.items():
        rows = rows[rows[name] == value]
    return rows[rows["seed"].isin(seeds)]


def _by_share(cells: pd.DataFrame, shares: Sequence[float]) -> Iterator[tuple[float, pd.DataFrame]]:
    for share in shares:
        yield share, cells[cells["fraction"] == share]
