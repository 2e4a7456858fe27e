"""The paper's Tables 1 to 3 (arXiv 2602.12158) as data: `values.csv`, a number a line.

| column | means |
|---|---|
| table | 1, 2 or 3; what two tables print stands twice |
| round | 0 for `base`, 1 for the rows of Tables 1 and 3, t for Table 2's T_t |
| benchmark | what the attack success rate is of; empty for other metrics |
| metric | ORI, ES, SAS, FULL (harmful responses); ARC, GSM8K, TQA-MC1, TQA-MC2 (shares); neurons |
| value | as printed |
| out_of | prompts or questions; empty where the value is no count of them |

The paper prints no number of questions. Each of its 44 values of a benchmark, to the four digits
printed, is a whole number of 1,172 (ARC), 1,319 (GSM8K) and 817 (TQA-MC1) questions, which are the
sizes of ARC-Challenge, GSM8K's test split and TruthfulQA: so it is ARC-Challenge, which the paper
does not say (of ARC-Easy's 2,376 questions 12 of the 44 would be).
"""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple, get_args

VALUES = Path(__file__).parent / "values.csv"

Model = Literal[
    "Qwen2.5-1.5B",
    "Qwen2.5-3B",
    "Qwen2.5-7B",
    "Qwen2.5-14B",
    "LLaMA-3.2-1B",
    "LLaMA-3.2-3B",
    "LLaMA-3.2-8B",
    "Gemma-7B-it",
    "Phi-4",
    "DeepSeek-R1-1.5B",
    "Qwen2.5-VL-7B",
]
Method = Literal["base", "SN-Tune", "RLHF", "SafeNeuron"]
Benchmark = Literal["StrongREJECT", "VL-Question", "NSFW"]
Level = Literal["ORI", "ES", "SAS", "FULL"]
Capability = Literal["ARC", "GSM8K", "TQA-MC1", "TQA-MC2"]
NEURONS = "neurons"
METRICS = (*get_args(Capability), NEURONS, *get_args(Level))


class Published(NamedTuple):
    """One printed number, with the names of this module's types."""

    table: int
    model: str
    method: str
    round: int
    benchmark: str | None
    metric: str
    value: float
    out_of: int | None

    @property
    def is_attack(self) -> bool:
        """Whether it counts harmful responses."""
        return self.metric in get_args(Level)

    @property
    def share(self) -> float:
        """The value as a share of all prompts or questions; the number of neurons as it is."""
        return self.value / self.out_of if self.is_attack and self.out_of else self.value


def read_published(path: Path = VALUES) -> list[Published]:
    """All printed numbers, in the paper's order.

    Raises:
        ValueError: a line has unknown names, a value out of range, or repeats another; the message
            names the file and the line.
    """
    with path.open(newline="", encoding="utf-8") as stream:
        header, *lines = csv.reader(stream)
    if tuple(header) != Published._fields:
        raise ValueError(f"{path.name}: columns {header}, expected {list(Published._fields)}")
    found: dict[tuple, Published] = {}
    for number, line in enumerate(lines, start=2):
        try:
            row = _parsed(line)
        except ValueError as error:
            raise ValueError(f"{path.name}, line {number}: {error}") from None
        if found.setdefault(row[:6], row) is not row:
            raise ValueError(f"{path.name}, line {number}: {', '.join(line[:6])} stands twice")
    return list(found.values())


def _parsed(line: Sequence[str]) -> Published:
    table, model, method, number, benchmark, metric, value, out_of = line
    row = Published(
        int(table), model, method, int(number), benchmark or None, metric, float(value),
        int(out_of) if out_of else None,
    )  # fmt: skip
    for word, known in (
        (model, get_args(Model)),
        (method, get_args(Method)),
        (metric, METRICS),
        (row.benchmark, get_args(Benchmark) if row.is_attack else (None,)),
    ):
        if word not in known:
            raise ValueError(f"'{word}' is none of {', '.join(map(str, known))}")
    if (method == "base") != (row.round == 0):
        raise ValueError(f"round {row.round} of '{method}'; base is round 0 and no other is")
    if row.is_attack and not (row.out_of and row.value.is_integer()):
        raise ValueError(f"{metric} is a count out of prompts, not {value} out of '{out_of}'")
    if metric != NEURONS and not 0 <= row.share <= 1:
        raise ValueError(f"{metric} {value} out of '{out_of}' is no share")
    return row
