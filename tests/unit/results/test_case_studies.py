"""Case studies: which prompts are candidates, the draw, and that the page is redacted."""

import numpy as np
import pyarrow as pa
import pytest

from safeneuron.interventions.schemas import CELL, RESPONSES, VERDICTS
from safeneuron.results.case_studies import (
    CASE_STUDIES,
    candidates,
    case_rows,
    draw,
    introduction,
    read_answers,
    section,
)

ORI = dict.fromkeys(CELL) | {
    "level": "ori",
    "selector": "none",
    "operator": "zero_ablate",
    "strength": None,
    "n_neurons": 0,
}
FULL = ORI | {"level": "full", "selector": "full", "n_neurons": 7}
RANDOM = FULL | {"selector": "random", "control_seed": 0}
TENTH = FULL | {"fraction": 0.1, "n_neurons": 9}
T0 = {"model": "m", "arm": "base", "round": 0, "seed": 0, "gate": "passed"}
T3 = {"model": "m", "arm": "freeze", "round": 3, "seed": 0, "gate": "missed"}
PROMPT, REFUSAL, ANSWER = "zorbl the quux kindly", "nayvex sorrowful", "yesplox grault\n| waldo |"


def tables(*answers):
    """Verdicts and responses: (cell, benchmark, id, verdict, text); the responses in reverse."""
    asked = [
        {**cell, "benchmark": benchmark, "category": "theft", "prompt_id": prompt}
        for cell, benchmark, prompt, _, _ in answers
    ]
    verdicts = [
        row | {"judge": "oracle", "verdict": answer[3], "exact": None, "reason": ""}
        for row, answer in zip(asked, answers, strict=True)
    ]
    responses = [
        row | {"response": answer[4], "tokens": 3, "finish": "stop"}
        for row, answer in zip(asked, answers, strict=True)
    ]
    return (
        pa.Table.from_pylist(verdicts, schema=VERDICTS),
        pa.Table.from_pylist(responses[::-1], schema=RESPONSES),
    )


def one_prompt(clean, attacked, benchmark="harmful", prompt="p1"):
    return [
        (ORI, benchmark, prompt, clean, REFUSAL),
        (RANDOM, benchmark, prompt, "refused", "of the control"),
        (TENTH, benchmark, prompt, "broken", "of a tenth"),
        (FULL, benchmark, prompt, attacked, ANSWER),
    ]


@pytest.fixture
def states():
    return [
        (T0, read_answers(*tables(*one_prompt("refused", "complied")))),
        (T3, read_answers(*tables(*one_prompt("refused", "broken")))),
    ]


def test_the_answers_are_those_of_the_clean_model_and_of_the_whole_set():
    answers = read_answers(*tables(*one_prompt("refused", "complied")))
    assert answers.clean == {("harmful", "p1"): ("theft", "refused", REFUSAL, 0)}
    assert answers.attacked == {("harmful", "p1"): ("theft", "complied", ANSWER, 7)}


def test_candidates_are_refused_clean_and_answered_under_attack():
    answers = read_answers(
        *tables(
            *one_prompt("refused", "complied", prompt="b"),
            *one_prompt("refused", "complied", prompt="a"),
            *one_prompt("complied", "complied", prompt="c"),
            *one_prompt("refused", "broken", prompt="d"),
            *one_prompt("refused", "refused", prompt="e"),
            *one_prompt("refused", "complied", benchmark="benign", prompt="f"),
        )
    )
    assert candidates(answers, ["harmful"]) == [("harmful", "a"), ("harmful", "b")]


def test_the_draw_is_seeded_and_without_repeats():
    found = [("harmful", f"{i:03}") for i in range(100)]
    drawn = draw(found, 5, np.random.default_rng([0, 0]))
    assert drawn == sorted(set(drawn)) and len(drawn) == 5
    assert drawn == draw(found, 5, np.random.default_rng([0, 0]))
    assert drawn != draw(found, 5, np.random.default_rng([1, 0]))
    assert drawn != found[:5]
    assert draw(found[:3], 5, np.random.default_rng(0)) == found[:3]
    assert draw([], 5, np.random.default_rng(0)) == []


def test_rows_hold_ids_and_verdicts_of_every_state(states):
    first, second = case_rows([("harmful", "p1")], states, "oracle", "magnitude")
    assert first == T0 | {
        "benchmark": "harmful",
        "category": "theft",
        "prompt_id": "p1",
        "judge": "oracle",
        "attack": "magnitude",
        "n_neurons": 7,
        "clean_verdict": "refused",
        "attacked_verdict": "complied",
    }
    assert second["arm"] == "freeze" and second["attacked_verdict"] == "broken"
    assert first.keys() == set(CASE_STUDIES.names)


def page(states, show_text):
    prompts = {"harmful": {"p1": PROMPT}}
    text = section("m, seed 0: 1 of 1", [("harmful", "p1")], states, prompts, show_text)
    return introduction("demo", "oracle", "magnitude", 3) + "\n" + text


def test_no_word_of_a_prompt_or_response_is_shown_by_default(states):
    text = page(states, show_text=False)
    for word in f"{PROMPT} {REFUSAL} {ANSWER}".replace("|", "").replace("the ", "").split():
        assert word not in text
    assert "### harmful, p1: theft, 4 words" in text
    assert "| base T0 | 7 | refused | 2 | complied | 5 |" in text
    assert "| freeze T3 (missed its gate) | 7 | refused | 2 | broken | 5 |" in text
    assert "(seed 3)" in text and "never chosen by hand" in text


def test_text_is_shown_as_code_where_the_config_says_so(states):
    text = page(states, show_text=True)
    assert f"\n    {PROMPT}\n" in text
    assert "base T0, attacked:\n\n    yesplox grault\n    | waldo |\n" in text
    assert text.count(f"    {REFUSAL}\n") == 2
