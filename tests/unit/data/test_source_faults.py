"""Users' files of prompts that are refused: every fault is named, with where it is."""

import json
from pathlib import Path

import pytest

from safeneuron.data.prompt_settings import FileDataset
from safeneuron.data.sources import read_prompts
from safeneuron.results.counts import OVERALL
from unit.data.source_files import (
    RECORDS,
    fault,
    listed,
    nested,
    source,
    write_csv,
    write_records,
    write_text,
)


def test_row_without_a_cluster_where_a_column_holds_them(tmp_path):
    records = [RECORDS[0] | {"base": "why"}, RECORDS[1] | {"base": ""}]
    path = write_records(tmp_path / "p.json", records)
    assert fault(source(path, cluster="base")) == "row 2 has no cluster in column 'base'"
    text = fault(source(path, cluster="bass"))
    assert text.startswith("no column 'bass' (config key 'cluster'); it has ['id', 'text', ")


def test_missing_file(tmp_path):
    assert fault(source(tmp_path / "absent.csv")) == "no such file"
    write_text(tmp_path / "prompts.csv", "x")
    assert fault(source(tmp_path / "prompt.csv")) == "no such file, did you mean 'prompts.csv'?"
    assert fault(source(Path("absent.csv"))) == (
        f"no such file; a relative path starts at {Path.cwd()}"
    )
    assert fault(source(tmp_path)) == "a folder, not a file; name a file in it"


def test_unknown_ending(tmp_path):
    text = fault(source(write_text(tmp_path / "prompts.xlsx", "x")))
    assert text.startswith("unknown ending '.xlsx'; use one of ")
    assert text.endswith("use one of .csv, .json, .jsonl, .parquet")


@pytest.mark.parametrize("ending", ["csv", "json", "jsonl", "parquet"])
def test_empty_file(tmp_path, ending):
    path = write_text(tmp_path / f"p.{ending}", "")
    assert fault(source(path)) == "the file is empty (0 bytes); write or download it again"


@pytest.mark.parametrize(
    ("name", "content"),
    [("p.csv", "text,category\n"), ("p.json", "[]"), ("p.jsonl", "\n")],
)
def test_no_rows(tmp_path, name, content):
    assert fault(source(write_text(tmp_path / name, content))) == "no rows in it"


def test_nested_without_prompts(tmp_path):
    path = write_text(tmp_path / "p.json", '{"Fraud": {"Cheques": []}}')
    assert fault(nested(path)) == "no prompts in it"


@pytest.mark.parametrize("key", ["text", "category", "id"])
def test_missing_column_names_the_columns_there_are(tmp_path, key):
    path = write_records(tmp_path / "p.csv", RECORDS)
    assert fault(source(path, **{key: "goal"})) == (
        f"no column 'goal' (config key '{key}'); it has ['id', 'text', 'category']"
    )


@pytest.mark.parametrize("cell", ["", "   ", "\n"])
def test_empty_prompt_names_its_row(tmp_path, cell):
    path = write_csv(tmp_path / "p.csv", [("text", "category"), ("a", "x"), (cell, "x")])
    assert fault(source(path)) == "row 2 has an empty prompt"


def test_empty_prompt_of_a_nested_file(tmp_path):
    path = write_text(tmp_path / "p.json", '{"Fraud": ["a", " "]}')
    assert fault(nested(path)) == "row 2 has an empty prompt"


@pytest.mark.parametrize(
    ("record", "key", "found"),
    [
        ({"text": 3, "category": "a"}, "text", "a value of type int"),
        ({"text": ["a"], "category": "a"}, "text", "a value of type list"),
        ({"text": "a", "category": None}, "category", "nothing"),
        ({"text": "a", "category": 7}, "category", "a value of type int"),
        ({"category": "a"}, "text", "nothing"),
    ],
)
def test_row_without_text(tmp_path, record, key, found):
    path = write_records(tmp_path / "p.json", [RECORDS[0], record])
    assert fault(source(path)) == (
        f"row 2 has no text in column '{key}' (config key '{key}'), but {found}"
    )


def test_where_that_no_row_satisfies_names_the_values_there_are(tmp_path):
    path = write_records(tmp_path / "p.csv", RECORDS)
    assert fault(source(path, where={"category": ["fraud"]})) == (
        "no row is as 'where' {'category': ['fraud']} asks; category is 'Fraud', 'Hate/Harass'"
    )


def test_where_with_a_column_that_is_not_there(tmp_path):
    path = write_records(tmp_path / "p.csv", RECORDS)
    assert fault(source(path, where={"label": ["safe"]})) == (
        "no column 'label' (config key 'where.label'); it has ['id', 'text', 'category']"
    )


@pytest.mark.parametrize("ending", ["part", "crdownload", "incomplete"])
def test_unfinished_download(tmp_path, ending):
    path = write_text(tmp_path / f"prompts.csv.{ending}", "text,category\n")
    text = fault(source(path))
    assert text.startswith(f"unknown ending '.{ending}'; use one of ")
    assert text.endswith("it looks like an unfinished download, download it again")


@pytest.mark.parametrize("name", ["p.csv", "p.json", "p.parquet"])
def test_pointer_of_git_lfs_instead_of_the_file(tmp_path, name):
    path = write_text(tmp_path / name, "version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    assert fault(source(path)) == (
        "a Git LFS pointer, not the file itself; get it with git lfs pull"
    )


def test_truncated_parquet(tmp_path):
    path = write_records(tmp_path / "p.parquet", RECORDS)
    path.write_bytes(path.read_bytes()[:-20])
    assert fault(source(path)).startswith("not a readable parquet file (")


def test_duplicate_ids_name_both_rows(tmp_path):
    records = [RECORDS[0], RECORDS[1], RECORDS[2] | {"id": "q-1"}]
    path = write_records(tmp_path / "p.csv", records)
    assert fault(source(path, id="id")) == "rows 1 and 3 have the same id 'q-1'"


@pytest.mark.parametrize("record", [{"text": "b", "category": "x"}, RECORDS[1] | {"id": None}])
def test_row_without_an_id(tmp_path, record):
    path = write_records(tmp_path / "p.json", [RECORDS[0], record])
    assert "row 2" in fault(source(path, id="id"))


def test_csv_row_with_too_many_cells(tmp_path):
    path = write_text(tmp_path / "p.csv", "text,category\nwell, how?,fraud\n")
    text = fault(source(path))
    assert text.startswith("not a readable csv file (")
    assert "Expected 2 columns, got 3" in text


def test_broken_parquet(tmp_path):
    text = fault(source(write_text(tmp_path / "p.parquet", "PAR1, but no more")))
    assert text.startswith("not a readable parquet file (")


def test_broken_json_line_is_numbered_as_an_editor_does(tmp_path):
    lines = [json.dumps(RECORDS[0]), "", '{"text": "b", "category":']
    path = write_text(tmp_path / "p.jsonl", "\n".join(lines))
    assert fault(source(path)).startswith("line 3: not valid JSON (")


def test_broken_json(tmp_path):
    path = write_text(tmp_path / "p.json", '[{"text": "a"')
    assert fault(source(path)).startswith("not valid JSON (")


@pytest.mark.parametrize("name", ["p.csv", "p.json", "p.jsonl"])
def test_text_that_is_not_utf_8(tmp_path, name):
    path = write_records(tmp_path / name, [{"text": "café", "category": "a"}])
    path.write_bytes(path.read_text(encoding="utf-8").encode("latin-1"))
    text = fault(source(path))
    assert text.startswith("not UTF-8 text ('utf-8' codec can't decode byte 0xe9 in position ")
    assert text.endswith("; save it as UTF-8 (a spreadsheet: 'CSV UTF-8')")
    path.write_bytes("text,category\na,b\n".encode("utf-16"))
    assert fault(source(path)).startswith("not UTF-8 text (UTF-16); save it as UTF-8 ")


def test_topics_where_rows_were_expected(tmp_path):
    path = write_text(tmp_path / "p.json", '{"Fraud": {"Cheques": ["a"]}}')
    found = " (found: an object with the keys 'Fraud'); "
    instead = (
        "for topics of prompts set 'nested', without text, category, constant_category, id, where "
        "and image"
    )
    columns = "the columns of 'text' and the like need rows, a list of objects"
    assert fault(source(path)) == columns + found + instead
    assert fault(listed(path)) == "without 'text' it must be a list of prompts" + found + instead


def test_rows_where_topics_or_a_list_of_prompts_were_expected(tmp_path):
    path = write_records(tmp_path / "p.json", RECORDS)
    instead = (
        " (found: a list of objects); name the column of the prompts in 'text', without nested; "
        "the first row has 'id', 'text', 'category'"
    )
    assert fault(nested(path)) == "'nested' expects an object of topics" + instead
    assert fault(listed(path)) == "without 'text' it must be a list of prompts" + instead


def test_a_list_of_prompts_where_rows_or_topics_were_expected(tmp_path):
    path = write_text(tmp_path / "p.json", '["secret", "b"]')
    instead = (
        " (found: a list of strings); for a list of prompts leave out nested, text, category, id, "
        "where and image; 'constant_category' gives all of them a category"
    )
    assert fault(source(path)) == (
        "the columns of 'text' and the like need rows, a list of objects" + instead
    )
    assert fault(nested(path)) == "'nested' expects an object of topics" + instead


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ({"data": [{"text": "secret"}]}, "an object with the keys 'data'"),
        ({"version": 1, "rows": []}, "an object with the keys 'version', 'rows'"),
        (["secret", {"text": "b"}], "a list of strings and objects"),
        ([["secret"]], "a list of lists"),
        (3, "numbers"),
    ],
)
def test_a_document_of_another_shape_is_described_without_its_text(tmp_path, content, found):
    path = write_text(tmp_path / "p.json", json.dumps(content))
    for entry in (source(path), listed(path)):
        text = fault(entry)
        assert text.endswith(
            f" (found: {found}); save the rows alone, as a list of objects or of strings"
        )
        assert "secret" not in text


def test_columns_without_a_column_of_the_prompt_are_refused():
    with pytest.raises(ValueError, match=r"'text' is missing; .* then drop category, where \("):
        FileDataset(path="p.json", category="c", where={"a": ["b"]})


def test_a_csv_with_another_separator_says_how_to_save_it(tmp_path):
    for sign, name in ((";", "semicolons"), ("\t", "tabs")):
        path = write_text(tmp_path / "p.csv", f"text{sign}category\na{sign}b\n")
        assert fault(source(path)).endswith(
            f"; its cells seem to be separated by {name}, save it with commas"
        )


def test_a_column_that_is_nearly_there_is_proposed(tmp_path):
    path = write_records(tmp_path / "p.csv", RECORDS)
    assert fault(source(path, text="Text")).endswith("'category'], did you mean 'text'?")


def test_json_under_the_ending_of_json_lines_and_the_other_way_round(tmp_path):
    path = write_records(tmp_path / "p.jsonl", RECORDS).rename(tmp_path / "p.json")
    assert fault(source(path)).endswith("; with one object a line its ending is .jsonl")
    path = write_records(tmp_path / "p.json", RECORDS).rename(tmp_path / "p.jsonl")
    assert fault(source(path)).endswith("; with one list over many lines its ending is .json")


@pytest.mark.parametrize(
    "content",
    [3, "a prompt", [1, 2], {"Cheques": "a prompt"}, {"Cheques": {"deeper": ["a"]}}],
    ids=["number", "text", "numbers", "no list", "too deep"],
)
def test_topic_of_the_wrong_shape(tmp_path, content):
    path = write_text(tmp_path / "p.json", json.dumps({"Good": ["a"], "Fraud": content}))
    assert fault(nested(path)) == "topic 'Fraud' does not hold lists of prompts (strings)"


@pytest.mark.parametrize("category", ["暴力", "???", " "])
def test_category_that_gives_no_name_for_a_folder(tmp_path, category):
    records = [RECORDS[0], RECORDS[1] | {"category": category}]
    path = write_records(tmp_path / "p.json", records)
    assert f"'{category}'" in fault(source(path))


@pytest.mark.parametrize("category", [OVERALL, " Overall!"])
def test_category_that_tables_call_all_categories_together(tmp_path, category):
    records = [RECORDS[0], RECORDS[1] | {"category": category}]
    path = write_records(tmp_path / "p.json", records)
    assert fault(source(path)) == (
        f"row 2 has category '{category}', which is what tables call all categories together; "
        "give it another name"
    )
    near = RECORDS[1] | {"category": "Overall harm"}
    (prompt,) = read_prompts(source(write_records(path, [near])))
    assert prompt.category == "overall-harm"
