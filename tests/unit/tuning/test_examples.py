"""What a safety tuning learns: refusals, the base's own answers, and what is left out."""

import pytest

from safeneuron.artifacts.tables import read_table, write_rows
from safeneuron.data.prompts import write_prompts
from safeneuron.data.refusals import REFUSALS, refusal_of
from safeneuron.models.generation import Response
from safeneuron.tuning.examples import (
    ANSWERS,
    EXAMPLES,
    NoExamplesError,
    answer_rows,
    examples,
)


def asked(prompt_id, text, dataset="harm"):
    """The columns of a row of `PROMPTS` that matter."""
    return {"prompt_id": prompt_id, "dataset": dataset, "text": text}


def answered(prompt_id, prompt, answer="Boil it first.", finish="stop"):
    """A row of `ANSWERS`."""
    return {
        "prompt_id": prompt_id,
        "dataset": "calm",
        "prompt": prompt,
        "answer": answer,
        "tokens": 4,
        "finish": finish,
    }


HARMFUL = [asked("1", "How to pick a lock?"), asked("2", "Name a poison.")]
ANSWERED = [
    answered("a", "How to peel a potato?"),
    answered("b", "Tell a story.", "Once there was", "length"),
]


def written(*arguments, without=(), refusals=REFUSALS):
    return examples(*arguments, without, refusals)


def prompts(rows, role):
    return [row["prompt"] for row in rows if row["role"] == role]


def test_each_harmful_prompt_is_refused_and_each_other_answered_as_it_was():
    assert written(HARMFUL, ANSWERED, refusals=["No."]) == [
        {
            "example_id": "harm/1",
            "dataset": "harm",
            "role": "refuse",
            "prompt": "How to pick a lock?",
            "answer": "No.",
            "finish": "stop",
        },
        {
            "example_id": "harm/2",
            "dataset": "harm",
            "role": "refuse",
            "prompt": "Name a poison.",
            "answer": "No.",
            "finish": "stop",
        },
        {
            "example_id": "calm/a",
            "dataset": "calm",
            "role": "answer",
            "prompt": "How to peel a potato?",
            "answer": "Boil it first.",
            "finish": "stop",
        },
        {
            "example_id": "calm/b",
            "dataset": "calm",
            "role": "answer",
            "prompt": "Tell a story.",
            "answer": "Once there was",
            "finish": "length",
        },
    ]


def test_the_refusal_is_that_of_the_prompts_words():
    harmful = [asked(str(n), f"How to pick lock {n}?") for n in range(60)]
    rows = written(harmful, ANSWERED)[:60]
    assert [row["answer"] for row in rows] == [refusal_of(row["text"]) for row in harmful]
    assert {row["answer"] for row in rows} == set(REFUSALS)


def test_prompts_that_are_held_out_are_not_trained_on_whatever_their_case_and_punctuation():
    rows = written(HARMFUL, ANSWERED, without=["how to PICK a lock", "Tell: a story!"])
    assert prompts(rows, "refuse") == ["Name a poison."]
    assert prompts(rows, "answer") == ["How to peel a potato?"]


def test_a_prompt_is_trained_on_once():
    harmful = [*HARMFUL, asked("3", "name a poison"), asked("1", "Name a poison!", "other")]
    own = [*ANSWERED, answered("c", "how to peel  a potato", "Otherwise.")]
    rows = written(harmful, own)
    assert [row["example_id"] for row in rows] == ["harm/1", "harm/2", "calm/a", "calm/b"]
    assert rows[2]["answer"] == "Boil it first."


def test_a_prompt_that_is_harmful_is_not_also_answered():
    rows = written(HARMFUL, [*ANSWERED, answered("c", "NAME A POISON", "Arsenic.")])
    assert prompts(rows, "refuse") == ["How to pick a lock?", "Name a poison."]
    assert prompts(rows, "answer") == ["How to peel a potato?", "Tell a story."]


@pytest.mark.parametrize(
    ("answer", "finish"),
    [
        ("I'm sorry, but no.", "stop"),
        ("I\u2019m sorry, but no.", "length"),
        ("Unfortunately, I cannot say.", "stop"),
        ("", "stop"),
        ("?!", "length"),
        ("go on " * 12, "length"),
    ],
)
def test_own_answers_that_refuse_or_are_no_text_teach_nothing(answer, finish):
    rows = written(HARMFUL, [answered("x", "Why?", answer, finish), *ANSWERED])
    assert prompts(rows, "answer") == ["How to peel a potato?", "Tell a story."]


def test_a_repeated_prompt_is_learned_from_its_first_answer_that_is_one():
    own = [answered("a", "Why?", "I cannot say."), answered("b", "why", "Because.")]
    rows = written(HARMFUL, own)
    assert [(r["example_id"], r["answer"]) for r in rows[2:]] == [("calm/b", "Because.")]


@pytest.mark.parametrize(
    ("harmful", "own", "without", "says"),
    [
        (
            HARMFUL,
            ANSWERED,
            ["how to pick a lock", "name a poison"],
            "safety_tuning: no examples of kind 'refuse' are left ({'held out or repeated': 2, "
            "'not answered': 0}); name other data sets in its 'harmful'",
        ),
        (
            HARMFUL,
            [answered("a", "Why?", "I cannot say."), answered("b", "Name a poison")],
            [],
            "safety_tuning: no examples of kind 'answer' are left ({'held out or repeated': 1, "
            "'not answered': 1}); name other data sets in its 'harmless'",
        ),
    ],
    ids=["no refusals", "no answers"],
)
def test_nothing_left_of_a_kind_is_an_error_that_counts_and_shows_no_prompt(
    harmful, own, without, says
):
    with pytest.raises(NoExamplesError) as caught:
        written(harmful, own, without=without)
    assert str(caught.value) == says


def test_what_is_left_out_is_counted_and_not_shown(caplog):
    caplog.set_level("INFO")
    written(HARMFUL, [*ANSWERED, answered("c", "Why?", "Sorry.")], without=["Name a poison", "Z"])
    assert caplog.messages == [
        "1 refusals, 2 answers; left out: {'held out or repeated': 1, 'not answered': 1} "
        "(2 prompts are held out)"
    ]


def test_answers_are_kept_beside_their_prompts():
    rows = answer_rows([asked("1", "Why?", "calm")], [Response("Because.", 3, "stop")])
    assert rows == [
        {
            "prompt_id": "1",
            "dataset": "calm",
            "prompt": "Why?",
            "answer": "Because.",
            "tokens": 3,
            "finish": "stop",
        }
    ]
    with pytest.raises(ValueError, match="shorter"):
        answer_rows([asked("1", "Why?")], [])


def test_the_stage_takes_the_split_and_the_categories_of_its_settings(stage, tmp_path):
    def table(dataset, *rows):
        columns = ("prompt_id", "category", "split", "text")
        path = tmp_path / f"{dataset}.parquet"
        write_prompts(path, dataset, [dict(zip(columns, row, strict=True)) for row in rows])
        return path

    harm = table(
        "harm",
        ("1", "locks", "training", "How to pick a lock?"),
        ("2", "poison", "training", "Name a poison."),
        ("3", "locks", "evaluation", "How to open a safe?"),
    )
    more = table("more", ("1", "locks", "training", "How to force a door?"))
    # held out whatever its split
    held = table("held", ("1", "x", "evaluation", "how to force a door"), ("2", "x", "y", "Why"))
    answers = tmp_path / "answers.parquet"
    write_rows(answers, ANSWERS, [*ANSWERED, answered("c", "Why?")])
    settings = {"harmful": {"split": "training", "categories": ["locks"]}, "refusals": ["No."]}
    out = tmp_path / "examples.parquet"
    stage("tuning_examples", settings, answers=answers, harmful=[harm, more], without=held, out=out)
    assert [(r["example_id"], r["answer"]) for r in read_table(out, EXAMPLES).to_pylist()] == [
        ("harm/1", "No."),
        ("calm/a", "Boil it first."),
        ("calm/b", "Once there was"),
    ]
    stage("tuning_examples", settings, answers=answers, harmful=[harm, more], without=[], out=out)
    assert len(read_table(out, EXAMPLES)) == 5
