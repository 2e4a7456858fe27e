"""Verdicts counted: what a judge said of a cell's responses, by benchmark and category."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from safeneuron.artifacts.tables import STATE
from safeneuron.interventions.schemas import ATTACK, CELL, EVALUATION
from safeneuron.results.use import read_verdicts

OVERALL = "overall"
"""The category of all categories together."""

_CELL = (*STATE, *ATTACK, *CELL, "judge")
_PROMPTS = ("benchmark", "role", "category")


class Prompts(NamedTuple):
    """Which prompts were asked."""

    benchmark: str
    role: str
    category: str


@dataclass
class Tally:
    """Responses counted.

    Attributes:
        verdicts: verdict -> how many.
        exact: how many were answered exactly.
        unknown: of how many the judge cannot tell whether they are exact.
    """

    verdicts: Counter[str] = field(default_factory=Counter)
    exact: int = 0
    unknown: int = 0

    @property
    def total(self) -> int:
        """How many responses."""
        return self.verdicts.total()

    def __iadd__(self, other: "Tally") -> "Tally":
        """Count the responses of another tally too."""
        self.verdicts += other.verdicts
        self.exact += other.exact
        self.unknown += other.unknown
        return self


class JudgedCell(NamedTuple):
    """One judge on all responses of one cell of an attack on a state.

    Attributes:
        columns: of `STATE`, `ATTACK`, `CELL`, and `judge`.
        tallies: of each benchmark's categories, `overall` before them.
    """

    columns: dict[str, Any]
    tallies: dict[Prompts, Tally]


def judged_cells(verdicts: Sequence[Path], use: str = EVALUATION) -> Iterator[JudgedCell]:
    """The cells in files of `VERDICTS`, in the files' order; benchmarks of one cell together.

    Args:
        use: of the prompts that are counted, `VALIDATION` for those that attacks are chosen by.
    """
    cells: dict[tuple[Any, ...], dict[Prompts, Tally]] = {}
    for path in verdicts:
        groups = read_verdicts(path, use).group_by(
            [*_CELL, *_PROMPTS, "verdict", "exact"], use_threads=False
        )
        for row in groups.aggregate([([], "count_all")]).to_pylist():
            prompts = Prompts(*(row[name] for name in _PROMPTS))
            tallies = cells.setdefault(tuple(row[name] for name in _CELL), {})
            counted = _tally(row["verdict"], row["exact"], row["count_all"])
            for key in (prompts._replace(category=OVERALL), prompts):
                tallies.setdefault(key, Tally())
                tallies[key] += counted
    for cell, tallies in cells.items():
        yield JudgedCell(dict(zip(_CELL, cell, strict=True)), tallies)


def _tally(verdict: str, exact: bool | None, count: int) -> Tally:
    return Tally(Counter({verdict: count}), count if exact else 0, count if exact is None else 0)
