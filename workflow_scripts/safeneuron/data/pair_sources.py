"""Preference pairs from rows, in the layouts in which preference data is published."""

import hashlib
import logging
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from safeneuron.artifacts.tables import write_rows
from safeneuron.data.images import stored_image, whole_image
from safeneuron.data.normalise import normalise
from safeneuron.data.pair_settings import PairColumns
from safeneuron.data.preferences import PREFERENCES
from safeneuron.data.records import Record, rows_where, with_columns
from safeneuron.data.refusals import refusal_of
from safeneuron.errors import SourceError

log = logging.getLogger(__name__)

PKU_COLUMNS = (
    *("response_0", "response_1", "is_response_0_safe", "is_response_1_safe"),
    "safer_response_id",
)


Pair = tuple[str, str, str]
"""Prompt, chosen and rejected answer."""


def columns(record: Record, names: PairColumns) -> Pair:
    """Three columns of text (SPA-VL, LLM-LAT, a user's own); a refusal has none."""
    chosen, rejected = (
        "" if names.refusal == side else record[getattr(names, side)]
        for side in ("chosen", "rejected")
    )
    return record[names.prompt], chosen, rejected


def answers(record: Record, names: PairColumns) -> Pair:
    """`chosen` holds the list [better answer, worse answer]."""
    chosen, rejected = record[names.chosen]
    return record[names.prompt], chosen, rejected


def messages(record: Record, names: PairColumns) -> Pair | None:
    """`chosen` and `rejected` hold [{role, content}, ...] (ultrafeedback_binarized).

    Left out: conversations of more than one user and one assistant message.
    """
    chosen, rejected = record[names.chosen], record[names.rejected]
    for side in (chosen, rejected):
        if [message["role"] for message in side] != ["user", "assistant"]:
            return None
    return chosen[0]["content"], chosen[1]["content"], rejected[1]["content"]


def conversations(record: Record, names: PairColumns) -> Pair | None:
    """`prompt` holds [{from, value}, ...], `chosen` and `rejected` one {from, value} each.

    Left out: conversations of more than one human message, or with a system message.
    """
    turns = record[names.prompt]
    if [turn["from"] for turn in turns] != ["human"]:
        return None
    return turns[0]["value"], record[names.chosen]["value"], record[names.rejected]["value"]


def pku_saferlhf(record: Record, names: PairColumns) -> Pair | None:
    """The columns of PKU-SafeRLHF: chosen by `safer_response_id`.

    Left out: pairs of which both or neither answer is safe.
    """
    if record["is_response_0_safe"] == record["is_response_1_safe"]:
        return None
    safer = record["safer_response_id"]
    return record[names.prompt], record[f"response_{safer}"], record[f"response_{1 - safer}"]


LAYOUTS: Mapping[str, Callable[[Record, PairColumns], Pair | None]] = {
    f.__name__: f for f in (columns, answers, messages, conversations, pku_saferlhf)
}


def read_pairs(
    records: Iterable[Record],
    source: PairColumns,
    name: str,
    where: str,
    images: Path | None = None,
) -> list[dict[str, Any]]:
    """The pairs of a source as rows of `PREFERENCES`, numbered by their row.

    Args:
        source: where a row holds its pair; of the prompts that its `share` leaves out no image is
            read.
        name: of the source, which begins the pairs' ids.
        where: the source, as messages name it.
        images: folder of the images' files; None if rows hold the images themselves.

    Raises:
        SourceError: a column is missing, a row has another shape, a text is empty, an image is
            missing or damaged, no pairs.
    """
    needed = {"prompt": source.prompt}
    if source.layout == "pku_saferlhf":
        needed |= {column: column for column in PKU_COLUMNS}
    else:
        sides = ("chosen",) if source.layout == "answers" else ("chosen", "rejected")
        without = source.refusal if source.layout == "columns" else None
        needed |= {side: getattr(source, side) for side in sides if side != without}
    if source.image is not None:
        needed["image"] = source.image
    needed |= {f"where.{column}": column for column in source.where}
    rows = []
    left_out = 0
    complete = with_columns(records, needed, where)
    for number, record in rows_where(complete, source.where, where):
        try:
            pair = LAYOUTS[source.layout](record, source)
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise SourceError(
                f"{where}: row {number} is not of layout '{source.layout}' "
                f"({type(error).__name__}); layouts are {', '.join(LAYOUTS)}"
            ) from error
        if pair is None:
            left_out += 1
            continue
        texts = dict(zip(("prompt", "chosen", "rejected"), pair, strict=True))
        if source.refusal is not None and isinstance(texts["prompt"], str):
            texts[source.refusal] = refusal_of(texts["prompt"])
        for key, text in texts.items():
            if not isinstance(text, str) or not text.strip():
                raise SourceError(f"{where}: row {number} has no text as its {key}")
        if not is_drawn(texts["prompt"], source.share):
            continue
        if _is_long(texts, source.max_answer_words):
            left_out += 1
            continue
        image = None
        if source.image is not None:
            row = f"{where}: row {number}"
            image = whole_image(stored_image(record[source.image], images, row), row)
        of = {"pair_id": f"{name}-{number}", "role": source.role, "source": name}
        rows.append({**of, **texts, "image": image})
    if not rows:
        raise SourceError(f"{where}: no pairs in it ({left_out} rows left out)")
    log.info("%d pairs, %d rows left out", len(rows), left_out)
    return rows


def _is_long(texts: Mapping[str, str], words: int | None) -> bool:
    answers = (texts["chosen"], texts["rejected"])
    return words is not None and max(len(answer.split()) for answer in answers) > words


def is_drawn(prompt: str, share: float) -> bool:
    """Whether a prompt is in a random share of all, by a hash of its words alone.

    So a source can be read row by row, and what is not drawn need not be kept.
    """
    digest = hashlib.sha256(normalise(prompt).encode()).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64


def write_pairs(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write one source's table of pairs, whole or not at all."""
    write_rows(path, PREFERENCES, rows)
