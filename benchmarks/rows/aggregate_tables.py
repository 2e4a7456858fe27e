"""What the tables of a study as large as the paper's take, beside counting rows as dicts."""

import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow.parquet as pq
from benchmarks.figures import Curve, Found, Goal, figure
from benchmarks.measure import in_turns, peak_memory, ratio, spread

from safeneuron.artifacts.gates import NO_GATE
from safeneuron.artifacts.tables import STATE, write_columns
from safeneuron.data.prompts import write_prompts
from safeneuron.interventions.schemas import ATTACK, CELL, VERDICTS
from safeneuron.results.attack_success import attack_success
from safeneuron.results.contrasts import contrasts
from safeneuron.results.outcomes import read_outcomes
from safeneuron.results.over_refusal import over_refusal
from safeneuron.results.worst_case import worst_case
from safeneuron.verdict import Verdict

ROWS = 1_500_000
HARMFUL, SAFE, CATEGORIES = 313, 250, 6  # prompts
LONG_TURNS = 3  # of the whole study: a minute
CELLS = [
    {"target": target, "fraction": fraction, "control_seed": control}
    for target, fraction, control in product(
        ("es", "sas", "es+sas"), (0.05, 0.1, 0.2), (None, 1, 2)
    )
]
STATES = [
    {"model": model, "arm": arm, "round": number, "seed": seed}
    for model, arm, number, seed in product(
        ("one", "two"),
        ("base", "dpo", "freeze", "random_freeze", "freeze_ablate"),
        (0, 1),
        range(5),
    )
]
ROWS_A_STATE = (len(CELLS) + 1) * (HARMFUL + SAFE)


class Study(NamedTuple):
    """Files of `VERDICTS` and of `PROMPTS`."""

    verdicts: list[Path]
    prompts: list[Path]


def study(folder: Path, rows: int) -> Study:
    """Random verdicts on the first states that have so many."""
    rng = np.random.default_rng(0)
    folder.mkdir()
    benchmarks = {"harmful": HARMFUL, "safe": SAFE}
    prompts = []
    for role, count in benchmarks.items():
        prompts.append(folder / f"{role}.parquet")
        write_prompts(
            prompts[-1],
            role,
            [
                {"prompt_id": f"{role}-{i:04d}", "cluster": f"{role}-{i:04d}", "text": "",
                 "category": _category(role, i), "split": "evaluation"}
                for i in range(count)
            ],
        )  # fmt: skip
    verdicts = []
    for number, state in enumerate(STATES[: round(rows / ROWS_A_STATE)]):
        for attack, (role, count) in product(("clean", "magnitude"), benchmarks.items()):
            verdicts.append(folder / f"{number}-{attack}-{role}.parquet")
            cells = CELLS if attack == "magnitude" else [None]
            _write_verdicts(verdicts[-1], state, attack, cells, role, count, rng)
    return Study(verdicts, prompts)


def _write_verdicts(
    path: Path,
    state: Mapping[str, Any],
    attack: str,
    cells: Sequence[Mapping[str, Any] | None],
    role: str,
    count: int,
    rng: np.random.Generator,
) -> None:
    total = len(cells) * count
    clean = {"target": "none", "fraction": None, "control_seed": None}
    of_cells = {
        name: [(cell or clean)[name] for cell in cells for _ in range(count)] for name in clean
    }
    constant = {
        **state,
        "attack": attack,
        "pooling": "meanabs" if attack != "clean" else None,
        "set_source": "adaptive" if attack != "clean" else None,
        "operator": "zero_ablate" if attack != "clean" else "none",
        "strength": None,
        "n_neurons": 100,
        "use": "evaluation",
        "dataset": role,
        "benchmark": role,
        "role": role,
        "judge": "oracle",
        "reason": "",
    }
    said = np.array([Verdict.COMPLIED, Verdict.REFUSED, Verdict.BROKEN])
    write_columns(
        path,
        VERDICTS,
        {name: [value] * total for name, value in constant.items()}
        | of_cells
        | {
            "prompt_id": [f"{role}-{i:04d}" for _ in cells for i in range(count)],
            "category": [_category(role, i) for _ in cells for i in range(count)],
            "verdict": said[rng.integers(3, size=total)].tolist(),
            "exact": (rng.random(total) < 0.5).tolist(),
        },
    )


def _category(role: str, number: int) -> str:
    return f"kind-{number % CATEGORIES}" if role == "harmful" else "plain"


def tables(study: Study) -> None:
    """Attack success, over-refusal, the strongest attacks and their contrasts."""
    rows = [{**row, "gate": NO_GATE} for row in attack_success(study.verdicts)]
    over_refusal(study.verdicts)
    outcomes = read_outcomes(study.verdicts, study.prompts)
    worst_case(rows, ["oracle"], outcomes)
    contrasts(rows, ["oracle"], outcomes, "dpo", {})


def rows_as_dicts(verdicts: Sequence[Path]) -> dict[tuple[Any, ...], float]:
    """Cell and category -> attack success rate, row by row."""
    counts: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0, 0])
    for path in verdicts:
        for row in pq.read_table(path, partitioning=None).to_pylist():
            if row["role"] != "harmful":
                continue
            cell = tuple(row[name] for name in (*STATE, *ATTACK, *CELL, "judge", "benchmark"))
            for category in ("overall", row["category"]):
                count = counts[*cell, category]
                count[0] += row["verdict"] == "complied"
                count[1] += 1
    return {key: complied / total for key, (complied, total) in counts.items()}


def difference(verdicts: Sequence[Path]) -> float:
    """The largest between rates; they are of the same cells."""
    names = (*STATE, *ATTACK, *CELL, "judge", "benchmark", "category")
    ours = {tuple(row[n] for n in names): row["asr"] for row in attack_success(verdicts)}
    theirs = rows_as_dicts(verdicts)
    assert ours.keys() == theirs.keys()
    return max(abs(ours[key] - theirs[key]) for key in theirs)


def measured(manifest: Path | None) -> Found:
    """The row."""
    with tempfile.TemporaryDirectory() as scratch:
        sizes = [ROWS >> octave for octave in (3, 2, 1, 0)]
        studies = {size: study(Path(scratch) / str(size), size) for size in sizes}
        small, large = studies[sizes[0]], studies[ROWS]
        memory = peak_memory(partial(tables, large))
        seconds = in_turns({size: partial(tables, of) for size, of in studies.items()}, LONG_TURNS)
        turns = in_turns(
            {
                "ours": partial(attack_success, small.verdicts),
                "dicts": partial(rows_as_dicts, small.verdicts),
            }
        )
        error = difference(small.verdicts)
    of = partial(figure, "aggregate_tables")
    costs = [spread(seconds[size]).median for size in sizes]
    curve = Curve("aggregate_tables", "seconds", "verdicts", sizes, costs, "s", 1)
    return Found(
        [
            of(f"{ROWS:,} verdicts", spread(seconds[ROWS]), "s", Goal(at_most=20)),
            of(f"{ROWS:,} verdicts, memory", spread([memory]), "MiB", Goal(at_most=2048)),
            of(
                f"speed-up of attack success, {sizes[0]:,} verdicts",
                ratio(turns["dicts"], turns["ours"]),
                "x",
                baseline="rows as dicts",
                error=error,
                error_of="of a rate",
            ),
            curve.growth(),
        ],
        [curve],
    )
