"""Questions of capability benchmarks: rows by hand, and the public files where they are."""

import json
from pathlib import Path

import datasets
import pytest

from safeneuron.artifacts.tables import read_table, write_rows
from safeneuron.data.questions import (
    QUESTIONS,
    check_questions,
    file_questions,
    question_rows,
)
from safeneuron.errors import SourceError
from unit.capability import benchmarks

FOLDER = Path(__file__).resolve().parents[4] / "shared" / "data"


@pytest.fixture
def files(tmp_path):
    return benchmarks.write(tmp_path)


def first(form, files, part="questions"):
    return next(r for r in file_questions(form, files[form]) if r["part"] == part)


def read(form, record):
    return list(question_rows(form, "questions", [record], "file.json"))


def test_arc(files):
    assert first("arc", files) == {
        "question_id": "arc-1", "part": "questions", "subject": None,
        "question": "What is 1 plus 1?", "choices": ["3", "2", "4", "none of them"],
        "labels": [0, 1, 0, 0], "answer": None,
    }  # fmt: skip
    assert first("arc", files, "shots")["labels"] == [0, 1]  # labels 1 and 2 instead of letters


def test_truthfulqa_of_the_file_and_of_the_hub_are_the_same(files):
    of_file = first("truthfulqa_mc2", files)
    assert of_file["choices"] == ["Yes, it is", "It is", "No", "0 is a word"]
    assert of_file["labels"] == [1, 1, 0, 0]
    targets = {"choices": of_file["choices"], "labels": of_file["labels"]}
    (of_hub,) = read("truthfulqa_mc2", {"question": "Is 0 a number?", "mc2_targets": targets})
    assert {**of_hub, "question_id": of_file["question_id"]} == of_file


def test_gsm8k(files):
    row = first("gsm8k", files)
    assert (row["answer"], row["choices"], row["labels"]) == ("2+2\n#### 4", [], [])


def test_mmlu_of_the_file_and_of_the_hub_are_the_same(files):
    of_file = first("mmlu", files)
    assert of_file["subject"] == "high_school_sums"
    assert (of_file["choices"], of_file["labels"]) == (["2", "3", "4", "5"], [0, 1, 0, 0])
    hub = {"question": "2 + 1 =", "subject": "high_school_sums", "choices": ["2", "3", "4", "5"]}
    (of_hub,) = read("mmlu", {**hub, "answer": 1})
    assert {**of_hub, "question_id": of_file["question_id"]} == of_file


@pytest.mark.parametrize("form", ["arc", "truthfulqa_mc2", "gsm8k", "mmlu"])
def test_rows_are_rows_of_the_table(tmp_path, files, form):
    rows = file_questions(form, files[form])
    write_rows(tmp_path / "t.parquet", QUESTIONS, rows)
    assert read_table(tmp_path / "t.parquet", QUESTIONS).to_pylist() == rows


@pytest.mark.parametrize(
    ("form", "record", "message"),
    [
        ("arc", {"question": "?"}, r"file.json: row 1 .*'arc'.*choices.*\['question'\]"),
        ("gsm8k", {"question": "?", "choices": []}, "row 1 is not of the layout of 'gsm8k'"),
        ("mmlu", {"question": "?", "subject": "s", "choices": ["1"] * 4, "answer": 4}, "0 right"),
        ("truthfulqa_mc1", {"question": "?", "mc1_targets": {"a": 1, "b": 1}}, "2 right choices"),
        ("truthfulqa_mc1", {"question": "?", "mc1_targets": None}, "row 1 is not of the layout"),
    ],
)
def test_a_row_of_another_layout_is_an_error_that_names_it(form, record, message):
    with pytest.raises(SourceError, match=message):
        read(form, record)


def test_too_few_shots_and_questions_are_errors_that_name_the_subject(files):
    rows = file_questions("mmlu", files["mmlu"])
    check_questions(rows, 2, "mmlu")
    with pytest.raises(SourceError, match=r"mmlu: 2 shots of subject 'high_school_sums'; .* 3"):
        check_questions(rows, 3, "mmlu")
    with pytest.raises(SourceError, match="tqa: 1 questions; at least 2"):
        check_questions(read("gsm8k", {"question": "?", "answer": "1"}), 0, "tqa")


@pytest.mark.skipif(not FOLDER.is_dir(), reason="no benchmark files beside the repository")
@pytest.mark.parametrize(
    ("form", "questions", "shots", "counts"),
    [
        ("arc", ["arc/ARC-Challenge-test.jsonl"], [], (1172, 0)),
        ("arc", ["arc/ARC-Easy-test.jsonl"], [], (2376, 0)),
        ("truthfulqa_mc1", ["truthfulqa/mc_task.json"], [], (817, 0)),
        ("truthfulqa_mc2", ["truthfulqa/mc_task.json"], [], (817, 0)),
        ("gsm8k", ["gsm8k/test.jsonl"], ["gsm8k/train_head200.jsonl"], (1319, 200)),
        (
            "mmlu",
            ["mmlu/test/moral_disputes_test.csv"],
            ["mmlu/dev/moral_disputes_dev.csv"],
            (346, 5),
        ),
    ],
)
def test_public_files(form, questions, shots, counts):
    files = {
        part: [str(FOLDER / name) for name in names]
        for part, names in (("questions", questions), ("shots", shots))
    }
    rows = file_questions(form, files)
    parts = [row["part"] for row in rows]
    assert (parts.count("questions"), parts.count("shots")) == counts
    assert len({row["question_id"] for row in rows}) == len(rows)


@pytest.mark.parametrize("line", ["2 + 1 =,2,3,4,5,E", "2 + 1 =,2,3,4,5,", "only one cell"])
def test_a_line_of_mmlu_that_is_not_of_its_layout_is_numbered(tmp_path, line):
    path = tmp_path / "sums_test.csv"
    path.write_text(f"1 + 1 =,2,3,4,5,A\n{line}\n")
    with pytest.raises(SourceError, match=r"sums_test\.csv: line 2 is not of MMLU's layout: "):
        file_questions("mmlu", {"questions": [str(path)], "shots": []})
    path.write_bytes("1 + 1 =,é,3,4,5,A\n".encode("latin-1"))
    with pytest.raises(SourceError, match=r"not UTF-8 text .*; save it as UTF-8"):
        file_questions("mmlu", {"questions": [str(path)], "shots": []})


def test_questions_of_the_hub_and_their_examples_are_of_two_splits(stage, tmp_path, monkeypatch):
    """The library's own builder reads files here: what a hub id resolves to."""
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    folder = tmp_path / "hub"
    folder.mkdir()
    for split, count in (("test", 3), ("train", 2)):
        rows = [{"question": f"{split} {n}", "answer": str(n)} for n in range(count)]
        (folder / f"{split}.jsonl").write_text("\n".join(map(json.dumps, rows)))
    settings = {"task": "mine", "form": "gsm8k", "n_shot": 2, "shots": "train"}
    hub = {"id": str(folder), "split": "test"}
    stage("hub_questions", settings | {"hub": hub}, out=tmp_path / "q.parquet")
    rows = read_table(tmp_path / "q.parquet", QUESTIONS).to_pylist()
    assert [(row["part"], row["question"]) for row in rows] == [
        *(("questions", f"test {n}") for n in range(3)),
        *(("shots", f"train {n}") for n in range(2)),
    ]
