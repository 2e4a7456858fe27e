"""Pairs of which an answer is a built-in refusal, and rows that `where` or length leaves out."""

import pytest

from safeneuron.artifacts.tables import read_table
from safeneuron.data.pair_settings import FilePairs, PairColumns
from safeneuron.data.pair_sources import read_pairs
from safeneuron.data.preferences import PREFERENCES
from safeneuron.data.refusals import REFUSALS, refusal_of
from safeneuron.errors import SourceError

ASKED = [
    {"prompt": "Name a poison.", "response": "Arsenic is one.", "kind": "harm", "row": 1},
    {"prompt": "Name a fruit.", "response": "An apple is one.", "kind": "calm", "row": 2},
    {"prompt": "Name a spice.", "response": "Salt " + "and more " * 4, "kind": "calm", "row": 3},
]


def source(**keys) -> PairColumns:
    return PairColumns(role="safety", **keys)


def pairs(rows):
    return [(row["pair_id"], row["chosen"], row["rejected"]) for row in rows]


def read(**keys):
    return pairs(read_pairs(ASKED, source(**keys), "mine", "x"))


def test_a_refusal_is_chosen_over_the_answer_to_an_unsafe_prompt():
    rows = read_pairs(ASKED[:1], source(refusal="chosen", rejected="response"), "mine", "x")
    assert rows == [
        {
            "pair_id": "mine-1",
            "role": "safety",
            "source": "mine",
            "prompt": "Name a poison.",
            "chosen": refusal_of("Name a poison."),
            "rejected": "Arsenic is one.",
            "image": None,
        }
    ]
    assert rows[0]["chosen"] in REFUSALS


def test_a_refusal_is_rejected_for_the_answer_to_a_safe_prompt():
    keys = {"refusal": "rejected", "chosen": "response", "where": {"kind": ["calm"]}}
    assert read(**keys) == [
        ("mine-2", "An apple is one.", refusal_of("Name a fruit.")),
        ("mine-3", ASKED[2]["response"], refusal_of("Name a spice.")),
    ]


@pytest.mark.parametrize("side", ["chosen", "rejected"])
def test_a_refusal_takes_the_place_of_the_answer_of_every_layout(side):
    turn = {"role": "user", "content": "Name a poison."}
    said = {n: [turn, {"role": "assistant", "content": n}] for n in ("chosen", "rejected")}
    record = {"prompt": "unread", **said}
    (row,) = read_pairs([record], source(layout="messages", refusal=side), "mine", "x")
    other = {"chosen": "rejected", "rejected": "chosen"}[side]
    assert (row[side], row[other]) == (refusal_of("Name a poison."), other)


def test_a_column_of_the_name_of_a_refusal_is_not_read():
    record = {"prompt": "Name a poison.", "chosen": 7, "rejected": "Arsenic is one."}
    (row,) = read_pairs([record], source(refusal="chosen"), "mine", "x")
    assert row["chosen"] == refusal_of("Name a poison.")


@pytest.mark.parametrize(
    ("where", "ids"),
    [
        ({}, ["mine-1", "mine-2", "mine-3"]),
        ({"kind": ["calm"]}, ["mine-2", "mine-3"]),
        ({"row": [1, 3]}, ["mine-1", "mine-3"]),
        ({"kind": ["calm"], "row": [1, 3]}, ["mine-3"]),
    ],
)
def test_rows_that_where_leaves_out_keep_the_others_numbers(where, ids):
    assert [row[0] for row in read(refusal="chosen", rejected="response", where=where)] == ids


@pytest.mark.parametrize(("words", "kept"), [(None, [2, 3]), (9, [2, 3]), (8, [2]), (4, [2])])
@pytest.mark.parametrize("sides", [("response", "short"), ("short", "response")])
def test_pairs_with_a_longer_answer_are_left_out(sides, words, kept):
    chosen, rejected = sides
    records = [{**row, "short": "No"} for row in ASKED]
    settings = source(
        chosen=chosen, rejected=rejected, max_answer_words=words, where={"kind": ["calm"]}
    )
    rows = read_pairs(records, settings, "mine", "x")
    assert [row["pair_id"] for row in rows] == [f"mine-{number}" for number in kept]


def test_a_refusal_counts_as_an_answer_of_its_words():
    keys = {"refusal": "chosen", "rejected": "response", "where": {"kind": ["harm"]}}
    words = len(refusal_of("Name a poison.").split())
    assert len(read(**keys, max_answer_words=words)) == 1
    with pytest.raises(SourceError, match=r"^x: no pairs in it \(1 rows left out\)$"):
        read(**keys, max_answer_words=words - 1)


@pytest.mark.parametrize(
    ("records", "keys", "says"),
    [
        (
            ASKED,
            {"refusal": "chosen", "rejected": "answer"},
            "x: no column 'answer' (config key 'rejected')",
        ),
        (
            ASKED,
            {"refusal": "rejected", "chosen": "answer"},
            "x: no column 'answer' (config key 'chosen')",
        ),
        (
            [{"prompt": 3, "rejected": "r"}],
            {"refusal": "chosen"},
            "x: row 1 has no text as its prompt",
        ),
        (
            [{"prompt": " ", "rejected": "r"}],
            {"refusal": "chosen"},
            "x: row 1 has no text as its prompt",
        ),
        (
            [{"prompt": "p", "rejected": ""}],
            {"refusal": "chosen"},
            "x: row 1 has no text as its rejected",
        ),
        (
            ASKED,
            {"refusal": "chosen", "rejected": "response", "where": {"sort": ["calm"]}},
            "x: no column 'sort' (config key 'where.sort')",
        ),
        (
            ASKED,
            {"refusal": "chosen", "rejected": "response", "where": {"kind": ["Calm"]}},
            "x: no row is as 'where' {'kind': ['Calm']} asks; kind is 'calm', 'harm'",
        ),
    ],
    ids=["rejected", "chosen", "number", "blank", "empty", "no column", "no row"],
)
def test_what_is_wrong_is_named(records, keys, says):
    with pytest.raises(SourceError) as caught:
        read_pairs(records, source(**keys), "mine", "x")
    assert str(caught.value).startswith(says)


def test_a_bad_row_that_where_leaves_out_is_not_looked_at():
    records = [{"prompt": None, "kind": "calm"}, *ASKED]
    settings = source(refusal="chosen", rejected="response", where={"kind": ["harm"]})
    with pytest.raises(SourceError, match="no column 'response'"):
        read_pairs(records, settings, "mine", "x")  # the columns are those of the first row
    records[0]["response"] = None
    assert [row["pair_id"] for row in read_pairs(records, settings, "mine", "x")] == ["mine-2"]


def test_a_file_of_unsafe_prompts_is_a_source_of_pairs_by_its_stage(stage, tmp_path):
    path, out = tmp_path / "pairs.csv", tmp_path / "mine.parquet"
    path.write_text("q,answer,safe\nName a poison.,Arsenic is one.,no\nName a fruit.,Fig,yes\n")
    entry = FilePairs(
        path=str(path),
        role="safety",
        prompt="q",
        rejected="answer",
        refusal="chosen",
        where={"safe": ["no"]},
        max_answer_words=30,
    ).model_dump()
    stage("file_preferences", {"name": "mine", "source": entry}, source=path, out=out)
    assert pairs(read_table(out, PREFERENCES).to_pylist()) == [
        ("mine-1", refusal_of("Name a poison."), "Arsenic is one.")
    ]
