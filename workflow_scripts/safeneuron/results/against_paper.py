"""The paper's Tables 1 to 3 with our values in their cells: ours, published, and the difference.

Intervals are 95 %. Ours is over prompts or questions (Wilson; lm-eval's standard error), and over
training seeds where there are several (Student's t of the mean, cut to [0, 1]). The published
one is over prompts or questions alone, since the paper has one seed. That of the difference holds
all of these. Our prompts are the paper's, so it is wide rather than narrow.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean
from typing import Any, NamedTuple

from safeneuron.artifacts.tables import COUNT, INDEX, REAL, TEXT, schema
from safeneuron.interventions.schemas import CLEAN
from safeneuron.results.counts import OVERALL
from safeneuron.results.published.values import METRICS, NEURONS, Published
from safeneuron.results.shown import of_shown_judge
from safeneuron.results.targets import level
from safeneuron.results.wide import WideTable
from safeneuron.statistics.intervals import (
    Interval,
    difference_interval,
    mean_interval,
    normal_interval,
    wilson_interval,
)

Row = Mapping[str, Any]

AGAINST_PAPER = schema(
    table=INDEX,
    model=TEXT,
    arm=TEXT,
    round=INDEX,
    attack=TEXT,  # null for a capability of the clean model
    benchmark=TEXT,  # the paper's name, null but for attack success rates
    metric=TEXT,  # the paper's column
    measured_as=TEXT,  # our judge, or lm-eval's metric
    ours=REAL,  # share, mean over seeds; neurons: a count
    ours_low=REAL,  # over prompts or questions
    ours_high=REAL,
    seeds=COUNT,
    seeds_low=REAL,  # over seeds, null for one
    seeds_high=REAL,
    n=COUNT,  # prompts or questions
    published_model=TEXT,
    published_method=TEXT,
    published=REAL,
    published_low=REAL,  # over prompts or questions
    published_high=REAL,
    out_of=COUNT,
    difference=REAL,  # ours less published
    difference_low=REAL,  # over prompts or questions of both, and our seeds
    difference_high=REAL,
)

LINES = {
    1: ("published_model", "published_method", "arm", "attack"),
    2: ("published_model", "published_method", "arm", "attack", "round"),
    3: ("published_model", "benchmark", "published_method", "arm", "attack"),
}
"""What a line of each of the paper's tables is; its columns are the metrics."""


TITLES = {
    1: "Table 1: capability of the clean model, and harmful responses under attack",
    2: "Table 2: rounds",
    3: "Table 3: the vision-language model",
}

EXPLANATION = """\
Each cell is `ours (published, difference)`, as shares; `-` is not measured. A star marks a
difference whose 95 % interval does not hold zero. The interval is over prompts or questions on both
sides, and over our training seeds where there are several; the paper has one seed, so what another
training of its would have given is not in it. The table beside this page has the intervals, number
by number. TQA-MC2 is no count of questions and has none.

ORI is the clean model; ES, SAS and FULL zero the neuron set as identified. SafeNeuron may be either
of two arms and the attacked set either of two sources, so each reading is a line. ARC is
ARC-Challenge: each value the paper prints is a whole number of its 1,172 questions. lm-eval reports
ARC and GSM8K in two ways; the paper does not say which. `docs/paper.md` says where our settings
fill what the paper leaves open."""


class Key(NamedTuple):
    """What a value of ours is about, by our names but for the paper's benchmark and metric."""

    model: str
    arm: str
    round: int
    attack: str | None
    benchmark: str | None
    metric: str
    measured_as: str


class Measured(NamedTuple):
    """A value of ours: its mean over seeds, with the interval over prompts where it has one."""

    mean: float
    over_prompts: Interval | None
    seeds: Sequence[float]
    n: int | None


def measured_attacks(
    rows: Sequence[Row],
    judges: Sequence[str],
    attacks: Sequence[str],
    benchmarks: Mapping[str, str],
) -> dict[Key, Measured]:
    """Attack success rates on the sets as identified, and the size of FULL's.

    Args:
        rows: rows of `ATTACK_SUCCESS`.
        judges: those whose verdicts may be shown, the preferred one first.
        attacks: of which attacks.
        benchmarks: our benchmark -> the paper's.
    """
    shown = [
        row
        for row in of_shown_judge(rows, judges)
        if row["attack"] in (CLEAN, *attacks)
        and row["category"] == OVERALL
        and row["benchmark"] in benchmarks
        and row["fraction"] is None
        and row["control_seed"] is None
    ]
    targets: dict[tuple[Any, ...], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for row in shown:
        if row["attack"] != CLEAN:
            targets[_state(row)][row["attack"]].add(row["target"])
    cells: dict[Key, list[Row]] = defaultdict(list)
    for row in shown:
        benchmark, of = benchmarks[row["benchmark"]], targets[_state(row)]
        # the clean model stands on the lines of all attacks on it
        for attack in of if row["attack"] == CLEAN else (row["attack"],):
            metric = level(row["target"], of[attack]).upper()
            key = Key(*_state(row), attack, benchmark, metric, row["judge"])
            cells[key].append(row)
            if metric == "FULL":
                sizes = key._replace(benchmark=None, metric=NEURONS, measured_as="neurons")
                cells[sizes].append(row)
    return {
        key: _sizes(cell) if key.metric == NEURONS else _attack_success(cell)
        for key, cell in cells.items()
    }


def measured_capability(rows: Iterable[Row], tasks: Mapping[str, str]) -> dict[Key, Measured]:
    """Every metric of lm-eval, of clean models.

    Args:
        rows: rows of `CAPABILITY`.
        tasks: our task -> the paper's column.
    """
    cells: dict[Key, list[Row]] = defaultdict(list)
    for row in rows:
        if row["task"] in tasks and row["attack"] == CLEAN and row["subject"] is None:
            about = (row["model"], row["arm"], row["round"], None)
            cells[Key(*about, None, tasks[row["task"]], row["metric"])].append(row)
    return {key: _capability(cell) for key, cell in cells.items()}


def against_paper(
    measured: Mapping[Key, Measured],
    published: Iterable[Published],
    models: Mapping[str, str],
    methods: Mapping[str, str],
) -> list[dict[str, Any]]:
    """Rows of `AGAINST_PAPER`: every published value that one or more of ours stand for.

    Args:
        models: our model -> the paper's.
        methods: our arm -> the paper's method.
    """
    of: dict[tuple, list[Key]] = defaultdict(list)
    for key in measured:
        if key.model in models and key.arm in methods:
            named = (models[key.model], methods[key.arm], key.round)
            of[(*named, key.benchmark, key.metric)].append(key)
    return [
        {
            **{"table": value.table, **key._asdict()},
            **_compared(measured[key], value),
        }
        for value in published
        for key in of[(value.model, value.method, value.round, value.benchmark, value.metric)]
    ]


def as_wide(rows: Iterable[Row], table: int) -> WideTable:
    """One of the paper's tables: `ours (published, difference)` in each cell.

    A star marks a difference whose interval does not hold zero. Capability is of the clean model
    and stands on the lines of all its attacks.
    """
    rows = [row for row in rows if row["table"] == table]
    lines: dict[tuple, dict[str, str]] = {}
    for row in rows:
        if row["attack"] is not None:
            lines.setdefault(tuple(row[name] for name in LINES[table]), {})
    columns = _columns(rows)
    for row in rows:
        own = tuple(row[name] for name in LINES[table])
        shared = [line for line in lines if _same_state(line, own, LINES[table])]
        for line in shared or [own]:
            lines.setdefault(line, {})[columns[row["metric"], row["measured_as"]]] = _cell(row)
    header = [name.removeprefix("published_") for name in LINES[table]]
    order = [list(dict.fromkeys(row[name] for row in rows)) for name in LINES[table]]
    shown = [
        [*("-" if part is None else str(part) for part in line)]
        + [lines[line].get(column, "-") for column in columns.values()]
        for line in sorted(lines, key=lambda line: [*map(list.index, order, line)])
    ]
    return WideTable([*header, *columns.values()], shown)


def page(rows: Sequence[Row], experiment: str) -> str:
    """The Markdown page: what the cells are, then each of the paper's tables that has any."""
    parts = [f"# Beside the paper's tables: experiment {experiment}", EXPLANATION]
    for table, title in TITLES.items():
        mine = [row for row in rows if row["table"] == table]
        if mine:
            parts += [f"## {title}", as_wide(mine, table).as_markdown(), _summary(mine)]
    return "\n\n".join(parts) + "\n"


def _summary(rows: Sequence[Row]) -> str:
    """How many values were compared, and how many differ by more than their interval."""
    known = [row for row in rows if row["difference_low"] is not None]
    apart = sum(not row["difference_low"] <= 0 <= row["difference_high"] for row in known)
    return (
        f"{len(rows)} values beside published ones; {len(known)} differences have an interval, "
        f"{apart} of these do not hold zero (*)."
    )


def _state(row: Row) -> tuple[str, str, int]:
    return row["model"], row["arm"], row["round"]


def _attack_success(cell: Sequence[Row]) -> Measured:
    n = cell[0]["n_prompts"]
    hits = fmean(row["n_harmful"] for row in cell)
    seeds = [row["n_harmful"] / row["n_prompts"] for row in cell]
    return Measured(fmean(seeds), wilson_interval(hits, n), seeds, n)


def _capability(cell: Sequence[Row]) -> Measured:
    seeds = [row["value"] for row in cell]
    over_questions = normal_interval(fmean(seeds), fmean(row["stderr"] for row in cell))
    return Measured(fmean(seeds), over_questions, seeds, cell[0]["n"])


def _sizes(cell: Sequence[Row]) -> Measured:
    seeds = list({row["seed"]: float(row["n_neurons"]) for row in cell}.values())
    return Measured(fmean(seeds), None, seeds, None)


def _compared(ours: Measured, value: Published) -> dict[str, Any]:
    over_seeds = _over_seeds(ours) if len(ours.seeds) > 1 else None
    printed = difference = None
    if value.out_of:
        printed = wilson_interval(round(value.share * value.out_of), value.out_of)
    if ours.over_prompts and printed:
        sources = [ours.over_prompts, *([over_seeds] if over_seeds else [])]
        difference = difference_interval(ours.mean, sources, value.share, [printed])
    return {
        "ours": ours.mean,
        **_bounds("ours", ours.over_prompts),
        "seeds": len(ours.seeds),
        **_bounds("seeds", over_seeds),
        "n": ours.n,
        "published_model": value.model,
        "published_method": value.method,
        "published": value.share,
        **_bounds("published", printed),
        "out_of": value.out_of,
        "difference": ours.mean - value.share,
        **_bounds("difference", difference),
    }


def _over_seeds(ours: Measured) -> Interval:
    """Student's t interval of a mean over seeds, of a share cut to [0, 1]."""
    interval = mean_interval(ours.seeds)
    if ours.n is None:  # a number of neurons
        return interval
    return Interval(max(0.0, interval.low), min(1.0, interval.high))


def _bounds(name: str, interval: Interval | None) -> dict[str, float | None]:
    low, high = interval or (None, None)
    return {f"{name}_low": low, f"{name}_high": high}


def _columns(rows: Sequence[Row]) -> dict[tuple[str, str], str]:
    """Metric and how it was measured -> its column; lm-eval's metric is named where it has two."""
    found = sorted(
        dict.fromkeys((row["metric"], row["measured_as"]) for row in rows),
        key=lambda column: METRICS.index(column[0]),
    )
    metrics = [metric for metric, _ in found]
    return {
        (metric, how): f"{metric} {how}" if metrics.count(metric) > 1 else metric
        for metric, how in found
    }


def _same_state(line: tuple, own: tuple, names: Sequence[str]) -> bool:
    """Whether a row belongs on a line: all its names are the line's, or are null."""
    return all(mine in (None, theirs) for mine, theirs in zip(own, line, strict=True))


def _cell(row: Row) -> str:
    if row["metric"] == NEURONS:
        return f"{row['ours']:.0f} ({row['published']:.0f}, {row['difference']:+.0f})"
    low, high = row["difference_low"], row["difference_high"]
    star = "" if low is None or low <= 0 <= high else " *"
    return f"{row['ours']:.3f} ({row['published']:.3f}, {row['difference']:+.3f}){star}"
