"""Case studies: which prompts are candidates, the draw, and that the page is redacted."""

import json

import numpy as np
import pyarrow as pa
import pytest

from answers import ATTACKED, CLEAN, STATE, response, verdict
from safeneuron.interventions.schemas import RESPONSES, VERDICTS
from safeneuron.results.case_studies import (
    CASE_STUDIES,
    CaseStudiesSettings,
    candidates,
    case_studies,
    draw,
    introduction,
    read_answers,
)

ORI, FULL = CLEAN, ATTACKED | {"n_neurons": 7}
RANDOM = FULL | {"control_seed": 0}
TENTH = FULL | {"fraction": 0.1, "n_neurons": 9}
BY_ES = FULL | {"target": "es", "n_neurons": 5}
S0, S3 = ({**STATE, "arm": a, "round": n} for a, n in (("base", 0), ("freeze", 3)))
T0, T3 = S0 | {"gate": "passed"}, S3 | {"gate": "missed"}
PROMPT, REFUSAL, ANSWER = "zorbl the quux kindly", "nayvex sorrowful", "yesplox grault\n| waldo |"


def read(*answers, state=S0):
    """Answers from (cell, id, verdict, text); the tables of responses in reverse."""
    asked = [state | cell | {"prompt_id": prompt} for cell, prompt, _, _ in answers]
    verdicts = [
        verdict(**row, verdict=answer[2]) for row, answer in zip(asked, answers, strict=True)
    ]
    responses = [
        response(**row, prompt=PROMPT, response=answer[3])
        for row, answer in zip(asked, answers, strict=True)
    ]
    return read_answers(
        pa.Table.from_pylist(verdicts, schema=VERDICTS),
        pa.Table.from_pylist(responses[::-1], schema=RESPONSES),
    )


def one_prompt(clean, attacked, prompt="p1"):
    return [
        (ORI, prompt, clean, REFUSAL),
        (BY_ES, prompt, "broken", "of a part"),
        (FULL, prompt, attacked, ANSWER),
        (RANDOM, prompt, "refused", "of the control"),
        (TENTH, prompt, "broken", "of a tenth"),
    ]


def test_answers_to_prompts_that_attacks_are_chosen_by_are_no_cases():
    by = {"use": "validation"}
    (answers,) = read(*one_prompt("refused", "complied"), (ORI | by, "v", "refused", REFUSAL),
                      (FULL | by, "v", "complied", ANSWER)).values()  # fmt: skip
    assert candidates(answers) == [("harmful", "p1")]


@pytest.fixture
def validations(tmp_path):
    """The validations of both states."""
    for name, state in (("t0", T0), ("t3", T3)):
        (tmp_path / name).write_text(json.dumps(state | {"validation": {}}))
    return [tmp_path / "t3", tmp_path / "t0"]


@pytest.fixture
def answers():
    return read(*one_prompt("refused", "complied")) | read(
        *one_prompt("refused", "broken"), state=S3
    )


SETTINGS = CaseStudiesSettings(
    experiment="demo", attack="magnitude", count=5, seed=3, show_text=False
)


def test_the_answers_are_those_of_the_clean_model_and_of_the_whole_set(answers):
    of = answers[tuple(S0.values())]
    assert of.clean == {("harmful", "p1"): ("theft", "oracle", "refused", PROMPT, REFUSAL, 0)}
    assert of.attacked == {("harmful", "p1"): ("theft", "oracle", "complied", PROMPT, ANSWER, 7)}


def test_candidates_are_refused_clean_and_answered_under_attack():
    (answers,) = read(
        *one_prompt("refused", "complied", prompt="b"),
        *one_prompt("refused", "complied", prompt="a"),
        *one_prompt("complied", "complied", prompt="c"),
        *one_prompt("refused", "broken", prompt="d"),
        *one_prompt("refused", "refused", prompt="e"),
    ).values()
    assert candidates(answers) == [("harmful", "a"), ("harmful", "b")]


def test_the_draw_is_seeded_and_without_repeats():
    found = [("harmful", f"{i:03}") for i in range(100)]
    drawn = draw(found, 5, np.random.default_rng([0, 0]))
    assert drawn == sorted(set(drawn)) and len(drawn) == 5
    assert drawn == draw(found, 5, np.random.default_rng([0, 0]))
    assert drawn != draw(found, 5, np.random.default_rng([1, 0]))
    assert drawn != found[:5]
    assert draw(found[:3], 5, np.random.default_rng(0)) == found[:3]
    assert draw([], 5, np.random.default_rng(0)) == []


def test_rows_hold_ids_and_verdicts_of_every_state(answers, validations):
    (first, second), _ = case_studies(answers, validations, SETTINGS)
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
    assert second.items() >= T3.items() and second["attacked_verdict"] == "broken"
    assert first.keys() == set(CASE_STUDIES.names)


def page(answers, validations, show_text):
    settings = SETTINGS.model_copy(update={"show_text": show_text})
    _, sections = case_studies(answers, validations, settings)
    return "\n".join([introduction(settings), *sections])


def test_no_word_of_a_prompt_or_response_is_shown_by_default(answers, validations):
    text = page(answers, validations, show_text=False)
    for word in f"{PROMPT} {REFUSAL} {ANSWER}".replace("|", "").replace("the ", "").split():
        assert word not in text
    assert "## m, seed 1: 1 of 1 prompts" in text
    assert "### harmful, p1: theft, 4 words, judge oracle" in text
    assert "| base T0 | 7 | refused | 2 | complied | 5 |" in text
    assert "| freeze T3 (missed its gate) | 7 | refused | 2 | broken | 5 |" in text
    assert "(seed 3)" in text and "never chosen by hand" in text


def test_text_is_shown_as_code_where_the_config_says_so(answers, validations):
    text = page(answers, validations, show_text=True)
    assert f"\n    {PROMPT}\n" in text
    assert "base T0, attacked:\n\n    yesplox grault\n    | waldo |\n" in text
    assert text.count(f"    {REFUSAL}\n") == 2
