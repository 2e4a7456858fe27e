"""The paper's Tables 1, 2 and 3 from `attack_success`, with intervals over seeds.

Tables are long: one number a row, named by its column in the paper's layout, so that a value can be
joined with a published one. `as_wide` lays them out as in the paper. All but Table 3 are of each
model's first harmful benchmark, in the order of the configuration.
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from statistics import fmean
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa

from safeneuron.artifacts.gates import MISSED, NO_GATE, PASSED
from safeneuron.artifacts.tables import COUNT, INDEX, REAL, TEXT, schema
from safeneuron.results.attack_success import OVERALL
from safeneuron.statistics import Interval, mean_interval

_SUMMARY = {"column": TEXT, "mean": REAL, "low": REAL, "high": REAL, "seeds": COUNT}
_ARM = {"model": TEXT, "arm": TEXT, "round": INDEX}
TABLE_1 = schema(**_ARM, attack=TEXT, **_SUMMARY, gates_missed=COUNT)
WORST_CASE = schema(**_ARM, fraction=REAL, **_SUMMARY, gates_missed=COUNT)
CONTRASTS = schema(**_ARM, fraction=REAL, **_SUMMARY, gates_missed=COUNT)
TABLE_2 = schema(**_ARM, attack=TEXT, **_SUMMARY, gates_missed=COUNT)
TABLE_3 = schema(**_ARM, benchmark=TEXT, attack=TEXT, **_SUMMARY, gates_missed=COUNT)

LEVELS = ("ori", "es", "sas", "full")
CLEAN = ("utility", "over_refusal")
CLASSES = ("complied", "refused", "broken")
BASELINE = "dpo"
MODEL_JUDGES_CLASSES = ("harmless", "unjudged")  # shown where there are any
_STATE = ["model", "arm", "round"]


def table_1(rows: Sequence[Mapping[str, Any]], judge: str) -> list[dict[str, Any]]:
    """Arms against attack levels on the neuron sets as identified (paper Table 1).

    Columns: clean utility and over-refusal; ASR at each level; ASR of FULL's random control.
    """
    return _against_levels(_overall(rows, judge), [*_STATE, "attack"])


def table_3(
    rows: Sequence[Mapping[str, Any]], judge: str, benchmarks: Collection[str]
) -> list[dict[str, Any]]:
    """`table_1` of each benchmark with images (paper Table 3)."""
    shown = [row for row in rows if row["benchmark"] in benchmarks]
    return _against_levels(_whole(shown, judge), [*_STATE, "benchmark", "attack"])


def _against_levels(frame: pd.DataFrame, keys: list[str]) -> list[dict[str, Any]]:
    frame = frame[frame["fraction"].isna()]
    out = []
    for values, cell in frame.groupby(keys, sort=False):
        real = cell[cell["selector"] != "random"]
        clean = real[real["level"] == "ori"]
        columns = {name: clean[name] for name in CLEAN}
        columns |= {level: real[real["level"] == level]["asr"] for level in LEVELS}
        control = cell[(cell["selector"] == "random") & (cell["level"] == "full")]
        columns["random"] = control.groupby("seed")["asr"].mean()
        out += _summaries(dict(zip(keys, values, strict=True)), columns, clean)
    return out


def worst_case(rows: Sequence[Mapping[str, Any]], judge: str) -> list[dict[str, Any]]:
    """The strongest adaptive attack at each strength, over levels and attacks, seed by seed.

    Columns: complied, refused, broken, and utility, in the cell with the highest ASR; and the
    clean model's utility, over-refusal and ASR.
    """
    strong, clean = _strongest(rows, judge)
    classes = _classes(strong)
    out = []
    for (model, arm, number, fraction), cell in strong.groupby([*_STATE, "fraction"], sort=False):
        key = {"model": model, "arm": arm, "round": number, "fraction": fraction}
        mine = clean[(clean[_STATE] == [model, arm, number]).all(axis=1)]
        columns = {name: cell[name] for name in (*classes, "utility")}
        columns |= {f"clean_{name}": mine[name] for name in (*CLEAN, "asr")}
        out += _summaries(key, columns, mine)
    return _in_order(out, rows)


def contrasts(rows: Sequence[Mapping[str, Any]], judge: str) -> list[dict[str, Any]]:
    """`worst_case` less that of plain DPO in the same round, paired by seed.

    Seeds differ far more than arms do, so that intervals of single arms overlap even where every
    seed agrees on the order of two arms.

    Columns: differences of complied, refused, broken, utility, and of the clean model's utility
    and over-refusal. Empty without the arm 'dpo'.
    """
    strong, clean = _strongest(rows, judge)
    merged = strong.merge(
        clean[[*_STATE, "seed", *CLEAN]].rename(columns={name: f"clean_{name}" for name in CLEAN}),
        on=[*_STATE, "seed"],
    )
    columns = [*CLASSES, "utility", *(f"clean_{name}" for name in CLEAN)]
    keys = ["model", "round", "fraction", "seed"]
    pairs = merged[~merged["arm"].isin(["base", BASELINE])].merge(
        merged[merged["arm"] == BASELINE][[*keys, *columns]], on=keys, suffixes=("", "_plain")
    )
    out = []
    for (model, arm, number, fraction), cell in pairs.groupby([*_STATE, "fraction"], sort=False):
        key = {"model": model, "arm": arm, "round": number, "fraction": fraction}
        differences = {name: cell[name] - cell[f"{name}_plain"] for name in columns}
        out += _summaries(key, differences, cell)
    return _in_order(out, rows)


def table_2(rows: Sequence[Mapping[str, Any]], judge: str) -> list[dict[str, Any]]:
    """Rounds against set size, clean utility, over-refusal and ASR under FULL (paper Table 2)."""
    frame = _overall(rows, judge)
    classes = _classes(frame)
    frame = frame[frame["fraction"].isna() & (frame["selector"] != "random")]
    arms = [arm for arm in frame["arm"].unique() if arm != "base"]
    out = []
    for (model, attack), cell in frame.groupby(["model", "attack"], sort=False):
        for arm in arms:
            for number, state in cell[cell["arm"].isin(["base", arm])].groupby("round"):
                full, clean = state[state["level"] == "full"], state[state["level"] == "ori"]
                if full.empty:  # the attack has other levels only
                    continue
                key = {"model": model, "arm": arm, "round": number, "attack": attack}
                columns = {"neurons": full["n_neurons"]}
                columns |= {name: clean[name] for name in CLEAN}
                columns |= {name: full[name] for name in classes}
                out += _summaries(key, columns, clean)
    return out


class WideTable(NamedTuple):
    """A long table laid out as in the paper: a line for each key, a column for each `column`."""

    header: list[str]
    lines: list[list[str]]

    def as_markdown(self) -> str:
        """The table in Markdown, without a last line break."""
        lines = (self.header, ["---"] * len(self.header), *self.lines)
        return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def keys_of(long: pa.Schema) -> list[str]:
    """The columns of a long table that name a line: those before `column`."""
    return long.names[: long.names.index("column")]


def as_wide(rows: Iterable[Mapping[str, Any]], keys: Sequence[str]) -> WideTable:
    """Lay a long table out wide.

    A mean over seeds carries its 95 % interval; a state that missed its gate in some seeds says so,
    and so does a model that has none.
    """
    rows = list(rows)
    columns = list(dict.fromkeys(row["column"] for row in rows))
    cells: dict[tuple, dict[str, Mapping[str, Any]]] = {}
    for row in rows:
        cells.setdefault(tuple(row[key] for key in keys), {})[row["column"]] = row
    lines = []
    for key, line in cells.items():
        any_cell = next(iter(line.values()))
        missed = any_cell["gates_missed"]
        numbers = [_number(line.get(column)) for column in columns]
        gate = f"missed in {missed}" if missed else NO_GATE if missed is None else PASSED
        lines.append([*map(str, key), *numbers, str(any_cell["seeds"]), gate])
    return WideTable([*keys, *columns, "seeds", "gate"], lines)


def as_markdown(rows: Iterable[Mapping[str, Any]], keys: Sequence[str], title: str) -> str:
    """`as_wide` as a Markdown document."""
    return f"# {title}\n\n{as_wide(rows, keys).as_markdown()}\n"


def of_first_benchmark(rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The rows of each model's first harmful benchmark: several are not seeds of one."""
    first: dict[str, str] = {}
    return [r for r in rows if r["benchmark"] == first.setdefault(r["model"], r["benchmark"])]


def _in_order(out: list[dict[str, Any]], rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Summaries in the states' order of the table that they are of, weakest attack first."""
    order = list(dict.fromkeys(tuple(row[key] for key in _STATE) for row in rows))
    return sorted(out, key=lambda r: (order.index(tuple(r[k] for k in _STATE)), r["fraction"]))


def _strongest(rows: Sequence[Mapping[str, Any]], judge: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The cell with the highest ASR for each state, seed and strength; and the clean cells."""
    frame = _overall(rows, judge)
    frame = frame[(frame["set_source"] == "adaptive") & (frame["selector"] != "random")]
    clean = frame[frame["level"] == "ori"].drop_duplicates([*_STATE, "seed"])
    strong = frame[frame["fraction"].notna()].sort_values("asr", ascending=False, kind="stable")
    return strong.drop_duplicates([*_STATE, "seed", "fraction"]), clean


def _overall(rows: Sequence[Mapping[str, Any]], judge: str) -> pd.DataFrame:
    return _whole(of_first_benchmark(rows), judge)


def _whole(rows: Sequence[Mapping[str, Any]], judge: str) -> pd.DataFrame:
    """One judge's rows on whole benchmarks."""
    frame = pd.DataFrame(rows)
    return frame[(frame["judge"] == judge) & (frame["category"] == OVERALL)]


def _classes(frame: pd.DataFrame) -> list[str]:
    return [*CLASSES, *(name for name in MODEL_JUDGES_CLASSES if frame[name].any())]


def _summaries(
    key: Mapping[str, Any], columns: Mapping[str, pd.Series], clean: pd.DataFrame
) -> list[dict[str, Any]]:
    gated = clean["gate"] != NO_GATE
    missed = int((clean["gate"] == MISSED).sum()) if gated.any() else None
    out = []
    for column, series in columns.items():
        values = [float(value) for value in series.dropna()]
        if values:
            interval = mean_interval(values) if len(values) > 1 else Interval(math.nan, math.nan)
            summary = {"mean": fmean(values), "low": interval.low, "high": interval.high}
            out.append(
                {
                    **key,
                    "column": column,
                    **{name: None if math.isnan(v) else v for name, v in summary.items()},
                    "seeds": len(values),
                    "gates_missed": missed,
                }
            )
    return out


def _number(cell: Mapping[str, Any] | None) -> str:
    if cell is None:
        return "n/a"
    digits = 0 if cell["column"] == "neurons" else 3
    text = f"{cell['mean']:.{digits}f}"
    if cell["low"] is not None:
        text += f" [{cell['low']:.{digits}f}, {cell['high']:.{digits}f}]"
    return text
