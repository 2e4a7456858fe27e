"""Prompts that two of an experiment's sets share: leakage between finding, training and testing."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from safeneuron.artifacts.tables import COUNT, FLAG, TEXT, schema
from safeneuron.data.normalise import normalise
from safeneuron.data.prompts import Rows
from safeneuron.errors import SafeNeuronError
from safeneuron.settings import Name, Section

UNSAFE, SAFE, TRAINING = "unsafe", "safe", "training"
VALIDATION, EVALUATION = "validation", "evaluation"
_HELD_OUT = (VALIDATION, EVALUATION)  # from what stands before
SHOWN_IDS = 20

PROMPT_OVERLAP = schema(
    first=TEXT,
    first_use=TEXT,
    second=TEXT,
    second_use=TEXT,
    n_first=COUNT,  # different prompts, case and punctuation ignored
    n_second=COUNT,
    shared=COUNT,
    leak=FLAG,  # the second is held out, and the first is used before it
    allowed=FLAG,
    first_ids=TEXT,  # of the shared prompts, at most 20
)


class ComparedSet(Rows):
    """A set of prompts that is compared with the others: its name and use, and where it is."""

    name: str
    use: str
    dataset: Name


class Compared(Section):
    """Settings of `prompt_overlap`.

    Attributes:
        sets: of identification, validation and evaluation.
        mixes: names of the sets that are the prompts of preference tables, table by table.
        tuned: likewise, of tables of safety-tuning examples.
        allowed: pairs of names that may share prompts.
    """

    sets: list[ComparedSet]
    mixes: list[str]
    tuned: list[str]
    allowed: list[list[str]]


class LeakageError(SafeNeuronError):
    """Prompts that are held out were found among those used before; names the sets."""


@dataclass(frozen=True)
class PromptSet:
    """Prompts of one use: id -> text."""

    name: str
    use: str
    prompts: Mapping[str, str]


def overlap_rows(
    sets: Sequence[PromptSet], allowed: Collection[tuple[str, str]]
) -> list[dict[str, Any]]:
    """Rows of `PROMPT_OVERLAP`, one a pair of sets, those that are held out second.

    Args:
        allowed: (first, second) names that may share prompts.
    """
    ids = [_ids_by_text(s) for s in sets]
    rows = []
    for i, j in combinations(range(len(sets)), 2):
        if _rank(sets[i]) > _rank(sets[j]):
            i, j = j, i
        first, second = sets[i], sets[j]
        shared = [identity for text, identity in ids[i].items() if text in ids[j]]
        rows.append(
            {
                "first": first.name,
                "first_use": first.use,
                "second": second.name,
                "second_use": second.use,
                "n_first": len(ids[i]),
                "n_second": len(ids[j]),
                "shared": len(shared),
                "leak": bool(shared) and _rank(first) < _rank(second),
                "allowed": (first.name, second.name) in allowed,
                "first_ids": " ".join(shared[:SHOWN_IDS]),
            }
        )
    return rows


def check_leakage(rows: Sequence[Mapping[str, Any]]) -> None:
    """Raise if a prompt that is held out was used before, unless the configuration allows it.

    Raises:
        LeakageError: names the sets, how many prompts, and the remedy.
    """
    problems = list(_problems(rows))
    if problems:
        raise LeakageError("\n".join(problems))


def _rank(prompts: PromptSet) -> int:
    """What is used before what: evaluation last, validation before it, all else first."""
    return _HELD_OUT.index(prompts.use) + 1 if prompts.use in _HELD_OUT else 0


def _problems(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for row in rows:
        if row["leak"] and not row["allowed"]:
            name = f"[{row['first']}, {row['second']}]"
            yield (
                f"{row['shared']} of the {row['n_second']} {row['second_use']} prompts of "
                f"'{row['second']}' are also {row['first_use']} prompts of '{row['first']}' "
                f"(ids there: {row['first_ids']}): leave them out, or set allow_overlap: [{name}]"
            )


def _ids_by_text(prompts: PromptSet) -> dict[str, str]:
    """Normalised text -> id of the first prompt with it."""
    ids: dict[str, str] = {}
    for identity, text in prompts.prompts.items():
        ids.setdefault(normalise(text), identity)
    return ids
