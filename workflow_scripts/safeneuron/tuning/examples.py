"""What a safety tuning learns: refusals of harmful prompts, and the base's own answers to others.

Answers that the base gives itself cost no data set of answers, and leave all that is not refused as
it was. Those that are refusals, or no coherent text, teach nothing and are left out.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from safeneuron.artifacts.tables import COUNT, TEXT, schema
from safeneuron.data.normalise import normalise
from safeneuron.data.refusals import refusal_of
from safeneuron.errors import SafeNeuronError
from safeneuron.judges.refusal_prefix import refusal_prefix
from safeneuron.verdict import Verdict

log = logging.getLogger(__name__)

ANSWERS = schema(
    prompt_id=TEXT,
    dataset=TEXT,
    prompt=TEXT,
    answer=TEXT,
    tokens=COUNT,
    finish=TEXT,  # stop, or length: cut off
)
REFUSE, ANSWER = "refuse", "answer"
EXAMPLES = schema(
    example_id=TEXT,  # dataset/prompt_id
    dataset=TEXT,
    role=TEXT,  # refuse or answer
    prompt=TEXT,
    answer=TEXT,
    finish=TEXT,  # stop, or length: the answer goes on, and its end is not learned
)


class NoExamplesError(SafeNeuronError):
    """All prompts of one kind were left out."""


def answer_rows(
    prompts: Sequence[Mapping[str, Any]], responses: Sequence[tuple[str, int, str]]
) -> list[dict[str, Any]]:
    """Rows of `ANSWERS`.

    Args:
        prompts: rows of `PROMPTS`.
        responses: text, number of tokens and end of the answer to each.
    """
    return [
        {
            "prompt_id": row["prompt_id"],
            "dataset": row["dataset"],
            "prompt": row["text"],
            "answer": answer,
            "tokens": tokens,
            "finish": finish,
        }
        for row, (answer, tokens, finish) in zip(prompts, responses, strict=True)
    ]


def examples(
    harmful: Iterable[Mapping[str, Any]],
    answers: Iterable[Mapping[str, Any]],
    without: Iterable[str],
    refusals: Sequence[str],
) -> list[dict[str, Any]]:
    """Rows of `EXAMPLES`: each harmful prompt with a refusal, each answered one with its answer.

    Args:
        harmful: rows of `PROMPTS`.
        answers: rows of `ANSWERS`.
        without: prompts that must not be trained on; case and punctuation are ignored.
        refusals: sentences, one of which answers each harmful prompt.

    Raises:
        NoExamplesError: nothing is left of the harmful prompts, or of the answers.
    """
    seen = {normalise(prompt) for prompt in without}
    held_out = len(seen)
    rows: list[dict[str, Any]] = []
    left_out = {"held out or repeated": 0, "not answered": 0}

    def is_new(prompt: str) -> bool:
        key = normalise(prompt)
        if key in seen:
            left_out["held out or repeated"] += 1
            return False
        seen.add(key)
        return True

    for row in harmful:
        if is_new(row["text"]):
            answer = refusal_of(row["text"], refusals)
            rows.append(_example(row, REFUSE, row["text"], answer, "stop"))
    refused = len(rows)
    for row in answers:
        verdict = refusal_prefix(row["prompt"], row["answer"], row["finish"]).verdict
        if verdict is not Verdict.COMPLIED:
            left_out["not answered"] += 1
        elif is_new(row["prompt"]):
            rows.append(_example(row, ANSWER, row["prompt"], row["answer"], row["finish"]))
    log.info(
        "%d refusals, %d answers; left out: %s (%d prompts are held out)",
        *(refused, len(rows) - refused, left_out, held_out),
    )
    for kind, count in ((REFUSE, refused), (ANSWER, len(rows) - refused)):
        if count == 0:
            raise NoExamplesError(
                f"safety_tuning: no examples of kind '{kind}' are left ({left_out}); name other "
                f"data sets in its '{'harmful' if kind == REFUSE else 'harmless'}'"
            )
    return rows


def _example(
    row: Mapping[str, Any], role: str, prompt: str, answer: str, finish: str
) -> dict[str, Any]:
    identity = f"{row['dataset']}/{row['prompt_id']}"
    return {
        "example_id": identity,
        "dataset": row["dataset"],
        "role": role,
        "prompt": prompt,
        "answer": answer,
        "finish": finish,
    }
