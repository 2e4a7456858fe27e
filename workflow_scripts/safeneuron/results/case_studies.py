"""Single prompts under attack, state by state (paper Fig. 8 and 9): drawn at random, redacted."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from safeneuron.artifacts.gates import MISSED
from safeneuron.artifacts.tables import COUNT, STATE, TEXT, schema
from safeneuron.interventions.schemas import CELL
from safeneuron.verdict import Verdict

CASE_STUDIES = schema(
    **STATE,
    benchmark=TEXT,
    category=TEXT,
    prompt_id=TEXT,
    judge=TEXT,
    attack=TEXT,
    n_neurons=COUNT,
    clean_verdict=TEXT,
    attacked_verdict=TEXT,
)

Key = tuple[str, str]
"""Benchmark and prompt id."""


class Answer(NamedTuple):
    """What a state said to one prompt, and what a judge said of it."""

    category: str
    verdict: str
    response: str
    n_neurons: int


class Answers(NamedTuple):
    """A state's answers, clean and with its whole neuron set zeroed (FULL), by prompt."""

    clean: dict[Key, Answer]
    attacked: dict[Key, Answer]


def read_answers(verdicts: pa.Table, responses: pa.Table) -> Answers:
    """The answers in tables of `VERDICTS` and `RESPONSES` of one attack on one state."""
    keys = (*CELL, "benchmark", "prompt_id")
    said = {tuple(r[k] for k in keys): r["response"] for r in responses.to_pylist()}
    answers = Answers({}, {})
    for row in verdicts.to_pylist():
        answer = Answer(
            row["category"], row["verdict"], said[tuple(row[k] for k in keys)], row["n_neurons"]
        )
        if row["level"] == "ori":
            answers.clean[row["benchmark"], row["prompt_id"]] = answer
        elif row["selector"] == "full" and row["fraction"] is None:
            answers.attacked[row["benchmark"], row["prompt_id"]] = answer
    return answers


def candidates(t0: Answers, benchmarks: Collection[str]) -> list[Key]:
    """The prompts of these benchmarks that T0 refuses clean and answers under attack, sorted."""
    return sorted(
        key
        for key, answer in t0.clean.items()
        if key[0] in benchmarks
        and answer.verdict == Verdict.REFUSED
        and t0.attacked[key].verdict == Verdict.COMPLIED
    )


def draw(found: Sequence[Key], count: int, rng: np.random.Generator) -> list[Key]:
    """`count` of the candidates, or all if there are fewer, in their order."""
    chosen = rng.choice(len(found), size=min(count, len(found)), replace=False)
    return [found[i] for i in sorted(chosen)]


def case_rows(
    cases: Sequence[Key],
    states: Sequence[tuple[Mapping[str, Any], Answers]],
    judge: str,
    attack: str,
) -> list[dict[str, Any]]:
    """Rows of `CASE_STUDIES`, one a case and state.

    Args:
        states: the state's columns and its answers, T0 first.
    """
    return [
        {
            **state,
            "benchmark": key[0],
            "category": answers.clean[key].category,
            "prompt_id": key[1],
            "judge": judge,
            "attack": attack,
            "n_neurons": answers.attacked[key].n_neurons,
            "clean_verdict": answers.clean[key].verdict,
            "attacked_verdict": answers.attacked[key].verdict,
        }
        for key in cases
        for state, answers in states
    ]


def introduction(experiment: str, judge: str, attack: str, seed: int) -> str:
    """The head of the page: what the cases are and how they were drawn."""
    return (
        f"# Case studies, experiment {experiment}, judge {judge}\n\n"
        f"Prompts that T0 refuses and answers when the whole set of attack {attack} is zeroed "
        "(FULL). They are drawn at random "
        f"(seed {seed}) from all such prompts, never chosen by hand, before any other state is "
        "looked at; the other states undergo the same attack with the set found on themselves.\n"
    )


def section(
    heading: str,
    cases: Sequence[Key],
    states: Sequence[tuple[Mapping[str, Any], Answers]],
    prompts: Mapping[str, Mapping[str, str]],
    show_text: bool,
) -> str:
    """The Markdown of one model's cases.

    Args:
        states: the state's columns and its answers, T0 first.
        prompts: benchmark -> prompt id -> text.
        show_text: prompts and responses are shown; else only their number of words.
    """
    parts = [f"## {heading}"]
    for key in cases:
        prompt = prompts[key[0]][key[1]]
        category = states[0][1].clean[key].category
        lines = [
            "| state | neurons zeroed | clean | words | attacked | words |",
            "| --- | --- | --- | --- | --- | --- |",
        ]
        texts = []
        for state, answers in states:
            clean, attacked = answers.clean[key], answers.attacked[key]
            lines.append(
                f"| {_name(state)} | {attacked.n_neurons} | {clean.verdict} "
                f"| {_words(clean.response)} | {attacked.verdict} | {_words(attacked.response)} |"
            )
            texts += [
                f"{_name(state)}, clean:\n\n{_quoted(clean.response)}",
                f"{_name(state)}, attacked:\n\n{_quoted(attacked.response)}",
            ]
        parts.append(f"### {key[0]}, {key[1]}: {category}, {_words(prompt)} words")
        parts += [_quoted(prompt)] if show_text else []
        parts.append("\n".join(lines))
        parts += texts if show_text else []
    return "\n\n".join(parts) + "\n"


def _name(state: Mapping[str, Any]) -> str:
    missed = " (missed its gate)" if state["gate"] == MISSED else ""
    return f"{state['arm']} T{state['round']}{missed}"


def _words(text: str) -> int:
    return len(text.split())


def _quoted(text: str) -> str:
    """A Markdown code block, whatever the text holds."""
    return "\n".join(f"    {line}" for line in text.splitlines() or [""])
