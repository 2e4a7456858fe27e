"""Single prompts under attack, state by state (paper Fig. 8 and 9): drawn at random, redacted."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from safeneuron.artifacts.gates import MISSED, with_gates
from safeneuron.artifacts.tables import COUNT, GATED_STATE, STATE, TEXT, schema
from safeneuron.interventions.schemas import ABOUT, CLEAN
from safeneuron.results.targets import whole
from safeneuron.results.use import of_use
from safeneuron.settings import Section
from safeneuron.verdict import Verdict

CASE_STUDIES = schema(
    **GATED_STATE,
    benchmark=TEXT,
    category=TEXT,
    prompt_id=TEXT,
    judge=TEXT,
    attack=TEXT,
    n_neurons=COUNT,
    clean_verdict=TEXT,
    attacked_verdict=TEXT,
)


class CaseStudiesSettings(Section):
    """Settings of `case_studies`.

    Attributes:
        count: cases of each model and seed.
        seed: of the draw.
    """

    experiment: str
    attack: str
    count: int
    seed: int
    show_text: bool


Key = tuple[str, str]
"""Benchmark and prompt id."""


class Answer(NamedTuple):
    """What a state said to one prompt, and what a judge said of it."""

    category: str
    judge: str
    verdict: str
    prompt: str
    response: str
    n_neurons: int


class Answers(NamedTuple):
    """A state's answers, clean and with its whole neuron set attacked (FULL), by prompt."""

    clean: dict[Key, Answer]
    attacked: dict[Key, Answer]


def read_answers(verdicts: pa.Table, responses: pa.Table) -> dict[tuple[Any, ...], Answers]:
    """State -> its answers, in the tables' order.

    Args:
        verdicts: a table of `VERDICTS`, of clean states and of one attack on them by one judge.
        responses: a table of `RESPONSES`, the judged ones.
    """
    said = {
        tuple(row[name] for name in ABOUT): (row["prompt"], row["response"])
        for row in of_use(responses).to_pylist()
    }
    rows = of_use(verdicts).to_pylist()
    target = whole({row["target"] for row in rows if row["attack"] != CLEAN})
    answers: dict[tuple[Any, ...], Answers] = {}
    for row in rows:
        of = answers.setdefault(tuple(row[name] for name in STATE), Answers({}, {}))
        answer = Answer(
            row["category"],
            row["judge"],
            row["verdict"],
            *said[tuple(row[name] for name in ABOUT)],
            row["n_neurons"],
        )
        if row["attack"] == CLEAN:
            of.clean[row["benchmark"], row["prompt_id"]] = answer
        elif (row["target"], row["fraction"], row["control_seed"]) == (target, None, None):
            of.attacked.setdefault((row["benchmark"], row["prompt_id"]), answer)
    return answers


def candidates(t0: Answers) -> list[Key]:
    """The prompts that T0 refuses clean and answers under attack, sorted."""
    return sorted(
        key
        for key, answer in t0.clean.items()
        if answer.verdict == Verdict.REFUSED and t0.attacked[key].verdict == Verdict.COMPLIED
    )


def draw(found: Sequence[Key], count: int, rng: np.random.Generator) -> list[Key]:
    """`count` of the candidates, or all if there are fewer, in their order."""
    chosen = rng.choice(len(found), size=min(count, len(found)), replace=False)
    return [found[i] for i in sorted(chosen)]


def case_rows(
    cases: Sequence[Key],
    states: Sequence[tuple[Mapping[str, Any], Answers]],
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
            "judge": answers.attacked[key].judge,
            "attack": attack,
            "n_neurons": answers.attacked[key].n_neurons,
            "clean_verdict": answers.clean[key].verdict,
            "attacked_verdict": answers.attacked[key].verdict,
        }
        for key in cases
        for state, answers in states
    ]


def case_studies(
    answers: Mapping[tuple[Any, ...], Answers],
    validations: Sequence[Path],
    settings: CaseStudiesSettings,
) -> tuple[list[dict[str, Any]], list[str]]:
    """Rows of `CASE_STUDIES` and the Markdown sections of the page, a model and seed after another.

    Args:
        answers: of `read_answers`; T0 before the other states of its model and seed.
        validations: of all states that have a gate.
    """
    lineages: dict[tuple[str, int], list[tuple[dict[str, Any], Answers]]] = {}
    states = [dict(zip(STATE, values, strict=True)) for values in answers]
    gated = with_gates(states, validations)
    for state, of in zip(gated, answers.values(), strict=True):
        lineages.setdefault((state["model"], state["seed"]), []).append((state, of))
    rows, sections = [], []
    for (model, seed), lineage in lineages.items():
        found = candidates(lineage[0][1])
        rng = np.random.default_rng([settings.seed, seed])
        cases = draw(found, settings.count, rng)
        rows += case_rows(cases, lineage, settings.attack)
        heading = f"{model}, seed {seed}: {len(cases)} of {len(found)} prompts"
        sections.append(section(heading, cases, lineage, settings.show_text))
    return rows, sections


def introduction(settings: CaseStudiesSettings) -> str:
    """The head of the page: what the cases are and how they were drawn."""
    return (
        f"# Case studies, experiment {settings.experiment}\n\n"
        f"Prompts that T0 refuses and answers when the whole set of attack {settings.attack} is "
        "attacked (FULL). They are drawn at random "
        f"(seed {settings.seed}) from all such prompts, never chosen by hand, before any other "
        "state is looked at; the other states undergo the same attack with the set found on "
        "themselves.\n"
    )


def section(
    heading: str,
    cases: Sequence[Key],
    states: Sequence[tuple[Mapping[str, Any], Answers]],
    show_text: bool,
) -> str:
    """The Markdown of one model's cases.

    Args:
        states: the state's columns and its answers, T0 first.
        show_text: prompts and responses are shown; else only their number of words.
    """
    parts = [f"## {heading}"]
    for key in cases:
        category, prompt = states[0][1].clean[key].category, states[0][1].clean[key].prompt
        judge = states[0][1].clean[key].judge
        lines = [
            "| state | neurons attacked | clean | words | attacked | words |",
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
        parts.append(f"### {key[0]}, {key[1]}: {category}, {_words(prompt)} words, judge {judge}")
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
