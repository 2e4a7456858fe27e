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
from safeneuron.interventions.schemas import CLEAN
from safeneuron.results.attack_success import ATTACK_SUCCESS
from safeneuron.results.counts import OVERALL
from safeneuron.results.targets import attack_shown, level, whole
from safeneuron.settings import Section
from safeneuron.statistics import Interval, mean_interval

Rows = Sequence[Mapping[str, Any]]

_SUMMARY = {"column": TEXT, "mean": REAL, "low": REAL, "high": REAL, "seeds": COUNT}
_ARM = {"model": TEXT, "arm": TEXT, "round": INDEX}
TABLE_1 = schema(**_ARM, attack=TEXT, **_SUMMARY, gates_missed=COUNT)
WORST_CASE = schema(**_ARM, fraction=REAL, **_SUMMARY, gates_missed=COUNT)
CONTRASTS = schema(**_ARM, fraction=REAL, **_SUMMARY, gates_missed=COUNT)
TABLE_2 = schema(**_ARM, attack=TEXT, **_SUMMARY, gates_missed=COUNT)
TABLE_3 = schema(**_ARM, benchmark=TEXT, attack=TEXT, **_SUMMARY, gates_missed=COUNT)

COSTS = ("utility", "over_refusal")
CLASSES = ("complied", "refused", "broken")
BASELINE = "dpo"
MODEL_JUDGES_CLASSES = ("harmless", "unjudged")  # shown where there are any
_STATE = ["model", "arm", "round"]


class ShownSettings(Section):
    """Settings of `paper_tables`.

    Attributes:
        judges: those whose verdicts may be shown, the preferred one first.
    """

    experiment: str
    judges: list[str]


class Table3Settings(ShownSettings):
    """Settings of `table_3`: the benchmarks with images."""

    benchmarks: list[str]


def table_1(rows: Rows, judges: Sequence[str]) -> list[dict[str, Any]]:
    """Arms against attack levels on the neuron sets as identified (paper Table 1).

    Columns: clean utility and over-refusal; ASR at each level; ASR of the random control of the
    whole set (FULL).

    Args:
        rows: rows of `ATTACK_SUCCESS`.
        judges: those whose verdicts may be shown; the first that judged a benchmark is.
    """
    return _against_levels(_first_benchmark(rows, judges), [*_STATE, "attack"])


def table_3(rows: Rows, judges: Sequence[str], benchmarks: Collection[str]) -> list[dict[str, Any]]:
    """`table_1` of each benchmark with images (paper Table 3)."""
    shown = [row for row in rows if row["benchmark"] in benchmarks]
    return _against_levels(_whole_benchmarks(shown, judges), [*_STATE, "benchmark", "attack"])


def _against_levels(frame: pd.DataFrame, keys: list[str]) -> list[dict[str, Any]]:
    frame = frame[frame["fraction"].isna()]
    out = []
    for values, cell in frame[frame["attack"] != CLEAN].groupby(keys, sort=False):
        key = dict(zip(keys, values, strict=True))
        clean = _clean_of(frame, key)
        real = cell[cell["control_seed"].isna()]
        columns = {name: clean[name] for name in COSTS} | {"ori": clean["asr"]}
        targets = real["target"].unique()
        for target in targets:
            columns[level(target, targets)] = real[real["target"] == target]["asr"]
        control = cell[cell["control_seed"].notna() & (cell["target"] == whole(targets))]
        columns["random"] = control.groupby("seed")["asr"].mean()
        out += _summaries(key, columns, clean)
    return out


def _clean_of(frame: pd.DataFrame, key: Mapping[str, Any]) -> pd.DataFrame:
    """The rows of the clean model in a state, and on a benchmark if the key names one."""
    mine = frame["attack"] == CLEAN
    for name in (*_STATE, "benchmark"):
        if name in key:
            mine &= frame[name] == key[name]
    return frame[mine]


def worst_case(rows: Rows, judges: Sequence[str]) -> list[dict[str, Any]]:
    """The strongest adaptive attack at each fraction, over targets and attacks, seed by seed.

    Columns: complied, refused, broken, and utility, in the cell with the highest ASR; and the
    clean model's utility, over-refusal and ASR.
    """
    strong, clean = _strongest(rows, judges)
    classes = _classes(strong)
    out = []
    for (model, arm, number, fraction), cell in strong.groupby([*_STATE, "fraction"], sort=False):
        key = {"model": model, "arm": arm, "round": number, "fraction": fraction}
        mine = _clean_of(clean, key)
        columns = {name: cell[name] for name in (*classes, "utility")}
        columns |= {f"clean_{name}": mine[name] for name in (*COSTS, "asr")}
        out += _summaries(key, columns, mine)
    return _in_order(out, rows)


def contrasts(rows: Rows, judges: Sequence[str]) -> list[dict[str, Any]]:
    """`worst_case` less that of plain DPO in the same round, paired by seed.

    Seeds differ far more than arms do, so that intervals of single arms overlap even where every
    seed agrees on the order of two arms.

    Columns: differences of complied, refused, broken, utility, and of the clean model's utility
    and over-refusal. Empty without the arm 'dpo'.
    """
    strong, clean = _strongest(rows, judges)
    merged = strong.merge(
        clean[[*_STATE, "seed", *COSTS]].rename(columns={name: f"clean_{name}" for name in COSTS}),
        on=[*_STATE, "seed"],
    )
    columns = [*CLASSES, "utility", *(f"clean_{name}" for name in COSTS)]
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


def table_2(rows: Rows, judges: Sequence[str]) -> list[dict[str, Any]]:
    """Rounds against set size, clean utility, over-refusal and ASR under FULL (paper Table 2)."""
    frame = _first_benchmark(rows, judges)
    classes = _classes(frame)
    frame = frame[frame["fraction"].isna() & frame["control_seed"].isna()]
    arms = [arm for arm in frame["arm"].unique() if arm != "base"]
    out = []
    for (model, attack), cell in frame[frame["attack"] != CLEAN].groupby(
        ["model", "attack"], sort=False
    ):
        full = cell[cell["target"] == whole(cell["target"].unique())]
        for arm in arms:
            for number, state in full[full["arm"].isin(["base", arm])].groupby("round"):
                (of,) = state["arm"].unique()
                clean = _clean_of(frame, {"model": model, "arm": of, "round": number})
                key = {"model": model, "arm": arm, "round": number, "attack": attack}
                columns = {"neurons": state["n_neurons"]}
                columns |= {name: clean[name] for name in COSTS}
                columns |= {name: state[name] for name in classes}
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


def _in_order(out: list[dict[str, Any]], rows: Rows) -> list[dict[str, Any]]:
    """Summaries in the states' order of the table that they are of, weakest attack first."""
    order = list(dict.fromkeys(tuple(row[key] for key in _STATE) for row in rows))
    return sorted(out, key=lambda r: (order.index(tuple(r[k] for k in _STATE)), r["fraction"]))


def _strongest(rows: Rows, judges: Sequence[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The cell with the highest ASR for each state, seed and fraction; and the clean cells."""
    frame = _first_benchmark(rows, judges)
    strong = frame[
        (frame["set_source"] == "adaptive")
        & frame["control_seed"].isna()
        & frame["fraction"].notna()
    ].sort_values("asr", ascending=False, kind="stable")
    clean = frame[frame["attack"] == CLEAN]
    return strong.drop_duplicates([*_STATE, "seed", "fraction"]), clean


def _first_benchmark(rows: Rows, judges: Sequence[str]) -> pd.DataFrame:
    return _whole_benchmarks(of_first_benchmark(rows), judges)


def _whole_benchmarks(rows: Rows, judges: Sequence[str]) -> pd.DataFrame:
    """The shown judge's rows on whole benchmarks."""
    shown = [row for row in of_shown_judge(rows, judges) if row["category"] == OVERALL]
    return pd.DataFrame(
        [{**row, "attack": attack_shown(row)} for row in shown], columns=ATTACK_SUCCESS.names
    )


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
