"""What a benchmark found: figures beside their goals, curves, and rows that were left out."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from benchmarks.measure import Spread

Unit = Literal["x", "s", "MiB"]

TOLERANCE = {"x": 0.15, "MiB": 0.01}
"""Share by which figures may differ from run to run; seconds are the machine's."""


@dataclass(frozen=True)
class Goal:
    """A bound; one of the two.

    Attributes:
        at_most, at_least: in the figure's unit.
    """

    at_most: float | None = None
    at_least: float | None = None

    def met_by(self, value: float) -> bool:
        """Whether a value is within the bound."""
        return (self.at_most is None or value <= self.at_most) and (
            self.at_least is None or value >= self.at_least
        )

    def __str__(self) -> str:
        return f"≤ {self.at_most:g}" if self.at_least is None else f"≥ {self.at_least:g}"


@dataclass(frozen=True)
class Figure:
    """A number that was measured.

    Attributes:
        row: the row's file.
        what: is measured, unique in its row.
        baseline: what it is a ratio to, in the same run; empty for what is not a ratio.
        value, low, high: median, least and most of the turns.
        unit: `x` a ratio, `s` seconds of the processor, `MiB` peak memory.
        error: the largest difference from what the plain way finds, in the unit that `error_of`
            says; None where there is nothing to compare.
    """

    row: str
    what: str
    baseline: str
    value: float
    low: float
    high: float
    unit: Unit
    goal: Goal | None = None
    error: float | None = None
    error_of: str = ""

    @property
    def name(self) -> str:
        """What it is known by in every run."""
        return f"{self.row}: {self.what}"

    @property
    def met(self) -> bool | None:
        """Whether it meets its goal; None without one."""
        return None if self.goal is None else self.goal.met_by(self.value)


@dataclass(frozen=True)
class Curve:
    """A cost against a size that doubles from point to point.

    Attributes:
        row: the row's file.
        of: what costs, unique in its row.
        size: what `sizes` count.
        power: how the cost may grow: 1 as the size, 0 not at all.
    """

    row: str
    of: str
    size: str
    sizes: Sequence[float]
    costs: Sequence[float]
    unit: Unit
    power: int

    def growth(self) -> Figure:
        """How much more the largest size costs than the smallest and `power` allow.

        The goal leaves room for what may differ from run to run (`TOLERANCE`).
        """
        allowed = (self.sizes[-1] / self.sizes[0]) ** self.power
        value = self.costs[-1] / self.costs[0] / allowed
        law = "linear growth" if self.power else "no growth"
        what = f"{self.of}, growth over {self.sizes[0]:,} to {self.sizes[-1]:,} {self.size}"
        goal = Goal(at_most=1 + TOLERANCE["MiB" if self.unit == "MiB" else "x"])
        return Figure(self.row, what, law, value, value, value, "x", goal)


@dataclass(frozen=True)
class LeftOut:
    """A row that was not measured, and why."""

    row: str
    reason: str


class NotGivenError(Exception):
    """A row needs something that was not given; its message says what."""


@dataclass(frozen=True)
class Found:
    """All that was found."""

    figures: Sequence[Figure] = ()
    curves: Sequence[Curve] = ()
    left_out: Sequence[LeftOut] = ()


def figure(
    row: str,
    what: str,
    turns: Spread,
    unit: Unit,
    goal: Goal | None = None,
    *,
    baseline: str = "",
    error: float | None = None,
    error_of: str = "",
) -> Figure:
    """A figure of several turns."""
    return Figure(row, what, baseline, *turns, unit, goal, error, error_of)


def together(parts: Iterable[Found]) -> Found:
    """What several rows found."""
    parts = list(parts)
    return Found(
        [one for part in parts for one in part.figures],
        [one for part in parts for one in part.curves],
        [one for part in parts for one in part.left_out],
    )


def save(path: Path, found: Found) -> None:
    """Write it as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(asdict(found), indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def load(path: Path) -> Found:
    """Read what `save` wrote."""
    stored: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return Found(
        [
            Figure(**{**one, "goal": one["goal"] and Goal(**one["goal"])})
            for one in stored["figures"]
        ],
        [Curve(**one) for one in stored["curves"]],
        [LeftOut(**one) for one in stored["left_out"]],
    )
