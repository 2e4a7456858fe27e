"""Judgements as rows of the table of verdicts."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from safeneuron.interventions.schemas import ABOUT
from safeneuron.judges.verdicts import Judgement


def judge_rows(
    name: str,
    judge: Callable[[str, str, str], Judgement],
    responses: Iterable[Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """Rows of `VERDICTS` from rows of `RESPONSES`."""
    return [
        verdict_row(name, row, judge(row["prompt"], row["response"], row["finish"]))
        for row in responses
    ]


def verdict_row(name: str, response: Mapping[str, Any], judgement: Judgement) -> dict[str, Any]:
    """The row of `VERDICTS` of a row of `RESPONSES`: the judgement instead of what was said."""
    about = {column: response[column] for column in ABOUT}
    return about | {"judge": name} | judgement._asdict()
