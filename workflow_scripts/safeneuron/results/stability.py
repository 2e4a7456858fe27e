"""The table of what other prompts find again, laid out for reading."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from statistics import fmean
from typing import Any

from safeneuron.results.wide import WideTable

_HEADER = ["model", "selection", "data set", "compared", "unsafe, safe prompts of each", "seeds"]
_HEADER += ["pairs", "neurons in a set", "Jaccard", "of random sets", "top k shared", "k"]


def as_wide(rows: Iterable[Mapping[str, Any]]) -> WideTable:
    """Rows of `neurons.stability.STABILITY`; means over seeds, the interval of one seed alone."""
    lines: dict[tuple[Any, ...], list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        prompts = "-" if row["n_unsafe"] is None else f"{row['n_unsafe']:g}, {row['n_safe']:g}"
        key = row["model"], row["selection"], row["dataset"], row["compared"], prompts
        lines[key].append(row)
    return WideTable(_HEADER, [[*key, *_seen(of)] for key, of in lines.items()])


def _seen(rows: list[Mapping[str, Any]]) -> list[str]:
    return [
        str(len(rows)),
        str(sum(row["pairs"] for row in rows)),
        f"{fmean(row['selected'] for row in rows):.1f}",
        _share(rows, "jaccard"),
        f"{fmean(row['jaccard_random'] for row in rows):.3f}",
        _share(rows, "top_shared"),
        f"{fmean(row['top'] for row in rows):.0f}",
    ]


def _share(rows: list[Mapping[str, Any]], name: str) -> str:
    if rows[0][name] is None:
        return "-"
    text = f"{fmean(row[name] for row in rows):.3f}"
    if len(rows) == 1 and rows[0][f"{name}_low"] is not None:
        text += f" [{rows[0][f'{name}_low']:.3f}, {rows[0][f'{name}_high']:.3f}]"
    return text
