"""What all trainings froze and moved (paper Eq. 11): the proofs in one table, and for reading."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from statistics import fmean
from typing import Any

from safeneuron.artifacts.tables import COUNT, GATED_STATE, REAL, TEXT, schema
from safeneuron.results.wide import WideTable

FREEZE_REPORTS = schema(
    **GATED_STATE,
    # as in `alignment.freeze_proof.FreezeReport`
    frozen_neurons=COUNT,
    neuron_elements=COUNT,
    frozen_elements=COUNT,
    frozen_moved=COUNT,  # neurons
    frozen_max_change=REAL,
    frozen_sha256_before=TEXT,
    frozen_sha256_after=TEXT,
    constant_elements=COUNT,
    constant_moved=COUNT,
    free_elements=COUNT,
    free_moved=REAL,
    free_trained=REAL,
    free_mean_change=REAL,
)

_HEADER = ["model", "arm", "round", "trainings", "frozen neurons", "of these moved"]
_HEADER += ["free weights that trained"]


def as_wide(rows: Iterable[Mapping[str, Any]]) -> WideTable:
    """Rows of `FREEZE_REPORTS` for reading: a line a model, arm and round, and one for all.

    Over seeds, frozen neurons are shown from the least to the most, and shares as means.
    """
    lines: dict[tuple[str, ...], list[Mapping[str, Any]]] = defaultdict(list)
    everything = []
    for row in rows:
        lines[row["model"], row["arm"], str(row["round"])].append(row)
        everything.append(row)
    lines["all", "-", "-"] = everything
    return WideTable(_HEADER, [[*key, *_seen(of)] for key, of in lines.items()])


def _seen(rows: list[Mapping[str, Any]]) -> list[str]:
    froze = sum(row["frozen_neurons"] > 0 for row in rows)
    least, most = (f(row["frozen_neurons"] for row in rows) for f in (min, max))
    return [
        f"{len(rows)}, {froze} of which froze",
        str(least) if least == most else f"{least} to {most}",
        str(sum(row["frozen_moved"] for row in rows)),
        f"{fmean(row['free_trained'] for row in rows):.4f}",
    ]
