"""Preference pairs of each published layout: which answer is chosen, what is left out, faults."""

import pytest

from pictures import picture
from safeneuron.artifacts.tables import read_table
from safeneuron.data.pair_settings import FilePairs, PairColumns
from safeneuron.data.pair_sources import (
    LAYOUTS,
    is_drawn,
    read_pairs,
    write_pairs,
)
from safeneuron.data.preferences import PREFERENCES
from safeneuron.data.records import file_records
from safeneuron.errors import SourceError


def names(layout, prompt="prompt", chosen="chosen", rejected="rejected") -> PairColumns:
    columns = {"prompt": prompt, "chosen": chosen, "rejected": rejected}
    return PairColumns(role="safety", layout=layout, **columns)


def pku(safe_0, safe_1, safer):
    return {
        "prompt": "p",
        "response_0": "zero",
        "response_1": "one",
        "is_response_0_safe": safe_0,
        "is_response_1_safe": safe_1,
        "safer_response_id": safer,
        "better_response_id": 1 - safer,
    }


def said(*turns):
    return [{"role": role, "content": text} for role, text in turns]


USER, GOOD, BAD = ("user", "p"), ("assistant", "good"), ("assistant", "bad")
HUMAN = {"from": "human", "value": "p"}
GPT_GOOD, GPT_BAD = {"from": "gpt", "value": "good"}, {"from": "gpt", "value": "bad"}


@pytest.mark.parametrize(
    ("columns", "record", "pair"),
    [
        (names("columns"), {"prompt": "p", "chosen": "c", "rejected": "r"}, ("p", "c", "r")),
        (
            names("columns", "question", "good", "bad"),
            {"question": "p", "good": "c", "bad": "r", "image": b"", "prompt": "not this"},
            ("p", "c", "r"),
        ),
        (
            names("answers", chosen="response"),
            {"prompt": "p", "response": ["c", "r"]},
            ("p", "c", "r"),
        ),
        (
            names("messages"),
            {"prompt": "p", "chosen": said(USER, GOOD), "rejected": said(USER, BAD)},
            ("p", "good", "bad"),
        ),
        (
            names("conversations", "conversations"),
            {"conversations": [HUMAN], "chosen": GPT_GOOD, "rejected": GPT_BAD},
            ("p", "good", "bad"),
        ),
        (names("pku_saferlhf"), pku(True, False, 0), ("p", "zero", "one")),
        (names("pku_saferlhf"), pku(False, True, 1), ("p", "one", "zero")),
    ],
    ids=["columns", "named columns", "answers", "messages", "conversations", "pku 0", "pku 1"],
)
def test_a_row_gives_this_pair(columns, record, pair):
    (row,) = read_pairs([record], columns, "mine", "x")
    assert row == {
        "pair_id": "mine-1",
        "role": "safety",
        "source": "mine",
        **dict(zip(("prompt", "chosen", "rejected"), pair, strict=True)),
        "image": None,
    }


@pytest.mark.parametrize(
    ("columns", "kept", "left_out"),
    [
        (names("pku_saferlhf"), pku(True, False, 0), pku(True, True, 0)),
        (names("pku_saferlhf"), pku(True, False, 0), pku(False, False, 1)),
        (
            names("messages"),
            {"prompt": "p", "chosen": said(USER, GOOD), "rejected": said(USER, BAD)},
            {"prompt": "p", "chosen": said(USER, GOOD, USER, GOOD), "rejected": said(USER, BAD)},
        ),
        (
            names("conversations", "conversations"),
            {"conversations": [HUMAN], "chosen": GPT_GOOD, "rejected": GPT_BAD},
            {
                "conversations": [{"from": "system", "value": "s"}, HUMAN],
                "chosen": GPT_GOOD,
                "rejected": GPT_BAD,
            },
        ),
    ],
    ids=["both safe", "both unsafe", "two turns", "system message"],
)
def test_rows_that_a_pair_cannot_hold_are_left_out(columns, kept, left_out):
    rows = read_pairs([left_out, kept, left_out], columns, "mine", "x")
    assert [row["pair_id"] for row in rows] == ["mine-2"]
    with pytest.raises(SourceError, match=r"^x: no pairs in it \(1 rows left out\)$"):
        read_pairs([left_out], columns, "mine", "x")


@pytest.mark.parametrize(
    ("layout", "record", "says"),
    [
        ("columns", {"prompt": "p", "chosen": "c"}, "no column 'rejected' (config key 'rejected')"),
        ("answers", {"prompt": "p"}, "no column 'chosen' (config key 'chosen')"),
        ("pku_saferlhf", {"prompt": "p"}, "no column 'response_0' (config key 'response_0')"),
        (
            "columns",
            {"prompt": "p", "chosen": " ", "rejected": "r"},
            "row 1 has no text as its chosen",
        ),
        (
            "columns",
            {"prompt": 3, "chosen": "c", "rejected": "r"},
            "row 1 has no text as its prompt",
        ),
        ("answers", {"prompt": "p", "chosen": ["one"]}, "row 1 is not of layout 'answers'"),
        (
            "messages",
            {"prompt": "p", "chosen": "c", "rejected": "r"},
            "row 1 is not of layout 'messages'",
        ),
        (
            "conversations",
            {"prompt": "p", "chosen": "c", "rejected": "r"},
            "layouts are columns, answers",
        ),
    ],
)
def test_a_row_of_another_shape_is_named(layout, record, says):
    with pytest.raises(SourceError) as caught:
        read_pairs([record], names(layout), "mine", "pairs.json")
    assert str(caught.value).startswith("pairs.json: ")
    assert says in str(caught.value)


def test_the_text_of_a_bad_row_is_not_shown():
    record = {"prompt": "secret words", "chosen": ["secret"], "rejected": "r"}
    with pytest.raises(SourceError) as caught:
        read_pairs([record], names("answers"), "mine", "x")
    assert "secret" not in str(caught.value)


def test_the_schema_of_the_configuration_has_the_librarys_layouts():
    from typing import get_args

    assert get_args(PairColumns.model_fields["layout"].annotation) == tuple(LAYOUTS)


def test_a_table_of_pairs_comes_back(tmp_path):
    record = {"prompt": "p", "chosen": "c", "rejected": "r"}
    rows = read_pairs([record, record], names("columns"), "mine", "x")
    write_pairs(tmp_path / "mine.parquet", rows)
    table = read_table(tmp_path / "mine.parquet", PREFERENCES)
    assert table["pair_id"].to_pylist() == ["mine-1", "mine-2"]


def with_image(image, prompt="p"):
    return {"prompt": prompt, "chosen": "c", "rejected": "r", "picture": image}


SHOWN = PairColumns(role="safety", image="picture")


def test_a_pairs_image_is_the_bytes_of_its_file(tmp_path):
    red = picture("red")
    (tmp_path / "red.png").write_bytes(red)
    for cell in (red, {"bytes": red, "path": None}, "red.png"):
        (row,) = read_pairs([with_image(cell)], SHOWN, "mine", "x", tmp_path)
        assert row["image"] == red


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("blue.png", "there is no image "),
        (b"secret", "not a readable image"),
        (picture("red", 600, 600, "JPEG")[:-400], "damaged or cut off"),
        (None, "no image, but a value of type NoneType"),
    ],
)
def test_an_image_that_cannot_be_shown_is_named_and_not_quoted(cell, says, tmp_path):
    with pytest.raises(SourceError) as caught:
        read_pairs([with_image(cell)], SHOWN, "mine", "x", tmp_path)
    assert str(caught.value).startswith("x: row 1")
    assert says in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_share_is_of_prompts_and_reads_no_other_image():
    prompts = [f"question {number}" for number in range(400)]
    kept = [p for p in prompts if is_drawn(p, 0.1)]
    assert 25 < len(kept) < 55
    assert set(kept) <= {p for p in prompts if is_drawn(p, 0.3)}
    records = [
        with_image(picture("red") if is_drawn(p, 0.1) else b"never read", p + mark)
        for p in prompts
        for mark in ("", "?")
    ]
    rows = read_pairs(records, SHOWN.model_copy(update={"share": 0.1}), "mine", "x")
    assert [row["prompt"] for row in rows] == [p + mark for p in kept for mark in ("", "?")]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ('["secret"]', "a list of strings"),
        ('{"pairs": [{"prompt": "secret"}]}', "an object with the keys 'pairs'"),
    ],
)
def test_a_file_without_columns_holds_no_pairs(tmp_path, content, found):
    path = tmp_path / "pairs.json"
    path.write_text(content)
    with pytest.raises(SourceError) as caught:
        file_records(path)
    assert str(caught.value) == (
        f"{path}: rows with named columns are needed, a list of objects (found: {found})"
    )


def test_pairs_of_a_file_by_its_stage(stage, tmp_path):
    """The entry of the configuration is the settings of the stage."""
    source, out = tmp_path / "pairs.jsonl", tmp_path / "mine.parquet"
    source.write_text('{"q": "p", "chosen": "c", "rejected": "r"}\n')
    entry = FilePairs(path=str(source), role="general", prompt="q").model_dump()
    stage("file_preferences", {"name": "mine", "source": entry}, source=source, out=out)
    (row,) = read_table(out, PREFERENCES).to_pylist()
    assert (row["pair_id"], row["role"], row["source"]) == ("mine-1", "general", "mine")
