"""Means over seeds and prompts with 95 % intervals, as rows of the long tables."""

import math
from collections.abc import Iterable, Mapping
from statistics import fmean
from typing import Any, NamedTuple

import pandas as pd

from safeneuron.artifacts.gates import MISSED, NO_GATE
from safeneuron.artifacts.tables import COUNT, INDEX, REAL, TEXT
from safeneuron.results.outcomes import Sample
from safeneuron.statistics.crossed import (
    crossed_mean,
    difference_of_shares_interval,
    p_value,
    share_interval,
)
from safeneuron.statistics.intervals import Interval, mean_interval

ARM_COLUMNS = {"model": TEXT, "arm": TEXT, "round": INDEX}
"""The columns that say which states, of several seeds, a row is about."""

SUMMARY = {"column": TEXT, "mean": REAL, "low": REAL, "high": REAL, "seeds": COUNT}
"""The columns of a number and its interval, over seeds and clusters of prompts together."""


class Summary(NamedTuple):
    """A mean, its interval, and over how many seeds it is."""

    mean: float
    interval: Interval
    seeds: int
    p: float | None = None  # of a difference of zero


def of_shares(sample: Sample | None) -> Summary | None:
    """The mean share of a sample; None for no sample."""
    if sample is None:
        return None
    share = crossed_mean(*sample)
    return Summary(share.mean, share_interval(share), len(sample.values))


def of_differences(first: Sample | None, second: Sample | None) -> Summary | None:
    """How much greater the first's mean is, of the same seeds and prompts, with its p value."""
    if first is None or second is None:
        return None
    difference = crossed_mean(*first.less(second))
    interval = difference_of_shares_interval(difference)
    return Summary(difference.mean, interval, len(first.values), _known(p_value(difference)))


def of_sizes(sizes: Iterable[float]) -> Summary | None:
    """The mean of a number that each seed has one of, with Student's interval; None for none."""
    values = [float(size) for size in sizes if not math.isnan(size)]
    return Summary(fmean(values), mean_interval(values), len(values)) if values else None


def summary_rows(
    key: Mapping[str, Any], columns: Mapping[str, Summary | None], clean: pd.DataFrame
) -> list[dict[str, Any]]:
    """A row for each column that has a number.

    Args:
        key: what the rows are about.
        columns: name -> number.
        clean: rows of the states' clean models, which say whether they passed their gates.
    """
    gated = clean["gate"] != NO_GATE
    missed = int((clean["gate"] == MISSED).sum()) if gated.any() else None
    return [
        {
            **key,
            "column": column,
            "mean": summary.mean,
            "low": _known(summary.interval.low),
            "high": _known(summary.interval.high),
            "seeds": summary.seeds,
            "gates_missed": missed,
        }
        for column, summary in columns.items()
        if summary is not None
    ]


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
