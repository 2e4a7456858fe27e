"""What a model answers that is intervened on, cell by cell."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from safeneuron.interventions.cell import Cell
from safeneuron.interventions.schemas import EVALUATION, VALIDATION
from safeneuron.models.chat import encode_prompt
from safeneuron.models.generation import Images, Response, generate_after
from safeneuron.models.opening import encode_opening
from safeneuron.models.vision import Vision
from safeneuron.progress import Progress

log = logging.getLogger(__name__)


def respond(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    cells: Sequence[Cell],
    prompts: pa.Table,
    max_new_tokens: int,
    batch_size: int,
    vision: Vision | None = None,
    choosing: pa.Table | None = None,
) -> list[dict[str, Any]]:
    """Greedy responses of every cell to every prompt.

    Args:
        prompts: a table of `PROMPTS`.
        vision: the model's, where prompts have images.
        choosing: another table of them, that attacks are chosen by. It is asked in batches of its
            own, so that answers to `prompts` are the same bit by bit with it and without.

    Returns:
        Rows with the columns of `RESPONSES` that say the cell, the prompt and the response. Words
        that a cell forces are part of the response.
    """
    questions = [_questions(tokenizer, EVALUATION, prompts, vision)]
    if choosing is not None:
        questions.append(_questions(tokenizer, VALIDATION, choosing, vision))
    asked = [row for each in questions for row in each.rows]
    rows: list[dict[str, Any]] = []
    with Progress(log, "responses", len(cells) * len(asked)) as progress:
        for cell in cells:
            responses: list[Response] = []
            with cell.intervention.applied(model):
                for each in questions:
                    responses += generate_after(
                        model,
                        tokenizer,
                        each.sequences,
                        max_new_tokens,
                        batch_size,
                        answered=progress.advance,
                        images=each.shown,
                        opening=encode_opening(tokenizer, cell.intervention.opening),
                    )
            log.info(
                "operator %(operator)s, target %(target)s, fraction %(fraction)s, strength "
                "%(strength)s, control %(control_seed)s: %(n_neurons)d neurons",
                cell.columns,
            )
            rows.extend(
                {
                    **cell.columns,
                    **{name: row[name] for name in ("use", "dataset", "category", "prompt_id")},
                    "prompt": row["text"],
                    "response": response.text,
                    "tokens": response.tokens,
                    "finish": response.finish,
                }
                for row, response in zip(asked, responses, strict=True)
            )
    return rows


class _Questions(NamedTuple):
    """Prompts of one use: rows of `PROMPTS` with `use`, their tokens and their images."""

    rows: list[dict[str, Any]]
    sequences: list[list[int]]
    shown: Images | None


def _questions(
    tokenizer: PreTrainedTokenizerBase, use: str, prompts: pa.Table, vision: Vision | None
) -> _Questions:
    rows = [{**row, "use": use} for row in prompts.to_pylist()]
    images = {i: row["image"] for i, row in enumerate(rows) if row["image"] is not None}
    shown = Images(vision, images) if vision is not None else None
    return _Questions(rows, [_encode(tokenizer, row, vision) for row in rows], shown)


def _encode(
    tokenizer: PreTrainedTokenizerBase, prompt: Mapping[str, Any], vision: Vision | None
) -> list[int]:
    """Token ids of a row of `PROMPTS`: its image, if it has one, and what is asked."""
    asked = prompt["text"] if prompt["instruction"] is None else prompt["instruction"]
    if prompt["image"] is None:
        return encode_prompt(tokenizer, asked)
    if vision is None:
        raise ValueError(f"prompt '{prompt['prompt_id']}' has an image, and the model sees none")
    return vision.encode_prompt(tokenizer, asked, prompt["image"])
