"""The table that is read: a line a figure, beside its goal and its error."""

from collections.abc import Sequence

from benchmarks.figures import Figure, Found

COLUMNS = ("row", "what", "measured", "of the turns", "goal", "met", "baseline", "largest error")
MET = {True: "yes", False: "**no**", None: ""}


def markdown(found: Found) -> str:
    """The table, and below it the rows that were left out."""
    lines = [_row(COLUMNS), _row(["---"] * len(COLUMNS)), *map(_line, found.figures)]
    if found.left_out:
        lines += ["", "Left out:", ""]
        lines += [f"- `{one.row}`: {one.reason}" for one in found.left_out]
    return "\n".join(lines) + "\n"


def _line(figure: Figure) -> str:
    error = "" if figure.error is None else f"{figure.error:.2g} {figure.error_of}".rstrip()
    return _row(
        (
            f"`{figure.row}`",
            figure.what,
            f"{_number(figure.value)} {figure.unit}",
            "" if figure.low == figure.high else f"{_number(figure.low)} to {_number(figure.high)}",
            "" if figure.goal is None else f"{figure.goal} {figure.unit}",
            MET[figure.met],
            figure.baseline,
            error,
        )
    )


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _number(value: float) -> str:
    """Three digits that count, all of a large number's integral ones."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
