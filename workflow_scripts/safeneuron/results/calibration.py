"""The table of what a test says of neuron sets, laid out for reading."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from statistics import fmean
from typing import Any

from safeneuron.results.wide import WideTable

_HEADER = ["model", "selection", "target", "contrast", "seeds", "unsafe, safe prompts", "neurons"]
_HEADER += ["in the set", "of these significant", "significant of all: one-sided", "two-sided"]
_HEADER += ["smallest effect size among them", "labels permuted: in the set"]
_HEADER += ["significant: one-sided", "two-sided", "contrasts with any"]


def as_wide(rows: Iterable[Mapping[str, Any]]) -> WideTable:
    """Rows of `neurons.calibration_table.CALIBRATION`, means over seeds and over categories."""
    lines: dict[tuple[str, ...], list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        dataset, _, category = row["contrast"].partition("/")
        contrast = f"{dataset} categories" if category else dataset
        lines[row["model"], row["selection"], row["target"], contrast].append(row)
    return WideTable(_HEADER, [[*key, *_means(of)] for key, of in lines.items()])


def _means(rows: list[Mapping[str, Any]]) -> list[str]:
    def mean(name: str, digits: int = 1) -> str:
        values = [row[name] for row in rows if row[name] is not None]
        return f"{fmean(values):.{digits}f}".removesuffix(".0") if values else "-"

    # the categories of a seed have the same null
    nulls = [row for row in {row["seed"]: row for row in rows}.values() if row["null_contrasts"]]
    contrasts = sum(row["null_contrasts"] for row in nulls)
    some = sum(row["null_contrasts"] * row["null_any"] for row in nulls)
    return [
        str(len({row["seed"] for row in rows})),
        f"{mean('n_unsafe')}, {mean('n_safe')}",
        mean("neurons"),
        mean("selected"),
        mean("survived"),
        mean("discovered"),
        mean("discovered_two_sided"),
        mean("least_effect_size", 2),
        mean("null_selected"),
        mean("null_discovered"),
        mean("null_discovered_two_sided"),
        f"{some / contrasts:.2f} of {contrasts}" if contrasts else "-",
    ]
