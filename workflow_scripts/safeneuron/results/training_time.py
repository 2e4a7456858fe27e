"""What the arms' trainings cost: time, beside that of the baseline's on the same machine.

The time is the wall clock of the jobs, which have as many processor cores as `compute.cpu_threads`:
what Snakemake samples of a job's processor time lags by up to half a minute, and a training of the
built-in model takes no longer. It differs from machine to machine and run to run, and of a training
that was killed and resumed only the last part counts; nothing else is made from it.
"""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from safeneuron.artifacts.tables import COUNT, INDEX, REAL, TEXT, schema
from safeneuron.neurons.settings import StateSettings

TRAINING_TIME = schema(
    model=TEXT,
    arm=TEXT,
    seed=INDEX,
    rounds=COUNT,
    seconds=REAL,  # of all rounds together
    ratio=REAL,  # to the baseline's of the same model and seed; null where it has none
)


def training_time(
    states: Sequence[StateSettings], benchmarks: Sequence[Path], baseline: str
) -> list[dict[str, Any]]:
    """Rows of `TRAINING_TIME`, an arm and seed after another.

    Args:
        states: what was trained, one a file.
        benchmarks: Snakemake's benchmark files, with their time in the column `s`.
        baseline: the arm that others are compared with.
    """
    times: dict[tuple[str, str, int], list[float]] = {}
    for state, path in zip(states, benchmarks, strict=True):
        with path.open(newline="", encoding="utf-8") as stream:
            rows = [float(row["s"]) for row in csv.DictReader(stream, delimiter="\t")]
        times.setdefault((state.model, state.arm, state.seed), []).append(sum(rows))
    out = []
    for (model, arm, seed), seconds in times.items():
        beside = times.get((model, baseline, seed))
        whole = sum(seconds)
        out.append(
            {
                "model": model,
                "arm": arm,
                "seed": seed,
                "rounds": len(seconds),
                "seconds": whole,
                "ratio": whole / sum(beside) if beside else None,
            }
        )
    return out
