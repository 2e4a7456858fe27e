"""Long tables laid out as in the paper: a line for each key, a column for each number."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa

from safeneuron.artifacts.gates import NO_GATE, PASSED

SIZES = ("neurons", "accumulated")
"""Columns that are numbers of neurons and no shares."""

_OF_LINES = ("cells", "primary", "p", "p_holm")  # those that a table has


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

    A mean carries its 95 % interval; a state that missed its gate in some seeds says so, and so
    does a model that has none.
    """
    rows = list(rows)
    of_lines = [name for name in _OF_LINES if any(name in row for row in rows)]
    cells: dict[tuple, dict[str, Mapping[str, Any]]] = {}
    for row in rows:
        cells.setdefault(tuple(row[key] for key in keys), {})[row["column"]] = row
    fullest_first = sorted(cells.values(), key=len, reverse=True)
    columns = list(dict.fromkeys(column for line in fullest_first for column in line))
    lines = []
    for key, line in cells.items():
        any_cell = next(iter(line.values()))
        numbers = [_number(line.get(column)) for column in columns]
        about = [_of_line(name, line.values()) for name in of_lines]
        named = ["-" if part is None else str(part) for part in key]
        lines.append([*named, *numbers, *about, str(any_cell["seeds"]), gate_of(any_cell)])
    return WideTable([*keys, *columns, *of_lines, "seeds", "gate"], lines)


def as_markdown(rows: Iterable[Mapping[str, Any]], keys: Sequence[str], title: str) -> str:
    """`as_wide` as a Markdown document."""
    return f"# {title}\n\n{as_wide(rows, keys).as_markdown()}\n"


def gate_of(row: Mapping[str, Any]) -> str:
    """In how many seeds a state missed its gate, by a row of a long table."""
    missed = row["gates_missed"]
    return f"missed in {missed}" if missed else NO_GATE if missed is None else PASSED


def _of_line(name: str, cells: Iterable[Mapping[str, Any]]) -> str:
    """What the line's cells say in a column, all of them or one."""
    value = next((cell[name] for cell in cells if cell[name] is not None), None)
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, float):
        return f"{value:.2g}"
    return "" if value is None else str(value)


def _number(cell: Mapping[str, Any] | None) -> str:
    if cell is None:
        return "n/a"
    digits = 0 if cell["column"] in SIZES else 3
    text = f"{cell['mean']:.{digits}f}"
    if cell["low"] is not None:
        text += f" [{cell['low']:.{digits}f}, {cell['high']:.{digits}f}]"
    return text
