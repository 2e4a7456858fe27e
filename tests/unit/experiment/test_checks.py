"""What is wrong with files, categories and folders is said before any job runs."""

import csv
import os
from pathlib import Path

import pytest

from safeneuron.config.load import load_config
from safeneuron.config.schema.experiment import Config
from safeneuron.config.schema.identification import Side
from safeneuron.experiment.checks import (
    categories_of,
    check_inputs,
)
from safeneuron.organism.vocabulary import CATEGORIES
from unit.experiment.refusals import refusal

ROWS = [("How to A?", "Weapons"), ("B?", "Fraud"), ("C?", "Weapons"), ("D?", "Fraud")]


def write_prompts(path: Path, rows=ROWS) -> Path:
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([("prompt", "topic"), *rows])
    return path


def file_dataset(path: Path, **keys):
    return {"kind": "file", "path": str(path), "text": "prompt", "category": "topic", **keys}


def raw_config(tmp_path, *, unsafe=None, rows=ROWS, **sections):
    """The unsafe side is the file 'mine'; the safe side and the benchmarks stay the organism's."""
    path = write_prompts(tmp_path / "prompts.csv", rows)
    return {
        "datasets": {"organism": {"kind": "organism"}, "mine": file_dataset(path)},
        "identification": {"unsafe": {"datasets": ["mine"], **(unsafe or {})}},
        **sections,
    }


def test_the_default_needs_no_file_and_creates_none(tmp_path):
    assert set(check_inputs(Config(), tmp_path / "results" / "demo")) == {"organism"}
    assert list(tmp_path.iterdir()) == []


def test_prompts_of_the_organism_are_counted_without_drawing_them(tmp_path):
    sizes = {"per_category": 3, "benign": 14, "lookalike": 15, "task": 0}
    raw = {"organism": {"language": {"identification": sizes}}}
    counts = check_inputs(load_config(raw), tmp_path)["organism"]
    drawn = {category: n for (split, category), n in counts.items() if split == "identification"}
    assert drawn == {**dict.fromkeys(CATEGORIES, 3), "benign": 14, "lookalike": 15}


def test_prompts_of_a_file_are_counted_by_split_and_category(tmp_path):
    catalog = check_inputs(load_config(raw_config(tmp_path)), tmp_path)
    assert catalog["mine"] == {("identification", "weapons"): 2, ("identification", "fraud"): 2}


def test_a_dataset_that_nothing_uses_is_not_read(tmp_path):
    raw = {"datasets": {"organism": {"kind": "organism"}, "rest": file_dataset(tmp_path / "none")}}
    assert set(check_inputs(load_config(raw), tmp_path)) == {"organism"}


def test_categories_come_in_the_order_of_the_table():
    catalog = {"mine": {("identification", c): 2 for c in "zabc"} | {("evaluation", "d"): 2}}
    everything = Side(datasets=["mine"])
    some = Side(datasets=["mine"], categories=["b", "z"])
    assert categories_of(everything, "mine", catalog) == ["z", "a", "b", "c"]
    assert categories_of(some, "mine", catalog) == ["z", "b"]


def test_error_in_a_file_names_its_dataset(tmp_path):
    raw = raw_config(tmp_path)
    raw["datasets"]["mine"]["path"] = "absent.csv"
    assert refusal(raw, tmp_path).startswith("datasets.mine: absent.csv: no such file; a relative ")


def test_unknown_split(tmp_path):
    text = refusal(raw_config(tmp_path, unsafe={"split": "identifikation"}), tmp_path)
    assert text == (
        "identification.unsafe.split: 'identifikation' has no prompts in mine, "
        "did you mean 'identification'?; splits there: identification"
    )


@pytest.mark.parametrize("written", ["weapon", "Weapons"])
def test_unknown_category(tmp_path, written):
    text = refusal(raw_config(tmp_path, unsafe={"categories": ["fraud", written]}), tmp_path)
    assert text == (
        f"identification.unsafe.categories: '{written}' is not a category of split "
        "'identification' of mine, did you mean 'weapons'?; there are fraud, weapons"
    )


def test_unknown_category_of_the_safe_side(tmp_path):
    text = refusal(
        {"identification": {"safe": {"datasets": ["organism"], "categories": ["task"]}}}, tmp_path
    )
    assert text.startswith("identification.safe.categories: 'task' is not a category of split")
    assert "benign" in text


def test_category_with_one_prompt(tmp_path):
    text = refusal(raw_config(tmp_path, rows=[*ROWS, ("E?", "Theft")]), tmp_path)
    assert text == (
        "identification.unsafe: category 'theft' of dataset 'mine' has 1 prompt; "
        "at least 2 are needed"
    )


def test_category_with_one_prompt_may_be_left_out(tmp_path):
    raw = raw_config(
        tmp_path, rows=[*ROWS, ("E?", "Theft")], unsafe={"categories": ["weapons", "fraud"]}
    )
    assert check_inputs(load_config(raw), tmp_path)["mine"]["identification", "theft"] == 1


def test_unknown_category_of_a_benchmark(tmp_path):
    benchmark = {"dataset": "organism", "role": "harmful", "categories": ["weapon"]}
    text = refusal({"attack": {"benchmarks": {"asr": benchmark}}}, tmp_path)
    assert text.startswith("attack.benchmarks.asr.categories: 'weapon' is not a category of split ")
    assert "did you mean 'weapons'?" in text


def test_unknown_split_of_a_benchmark(tmp_path):
    benchmark = {"dataset": "organism", "role": "harmful", "split": "test"}
    text = refusal({"attack": {"benchmarks": {"asr": benchmark}}}, tmp_path)
    assert text.startswith("attack.benchmarks.asr.split: 'test' has no prompts in organism")
    assert "evaluation" in text


def benchmark_of_a_file(tmp_path, **keys):
    benchmark = {"dataset": "mine", "split": "identification", "role": "harmful"}
    return raw_config(tmp_path, attack={"benchmarks": {"asr": benchmark}, **keys})


def test_oracle_cannot_judge_a_file(tmp_path):
    assert refusal(benchmark_of_a_file(tmp_path, judges=["oracle"]), tmp_path) == (
        "attack.judges: 'oracle' judges organism prompts only, but attack.benchmarks.asr uses "
        "dataset 'mine'; add refusal_prefix or a judge of 'attack.model_judges'"
    )


def test_categories_and_splits_that_nobody_wrote_are_said_to_be_defaults(tmp_path):
    raw = raw_config(tmp_path, unsafe={"categories": list(CATEGORIES)})
    assert refusal(raw, tmp_path) == (
        "identification.unsafe.categories: the default of this key is about other prompts than "
        "those of mine; write categories: null for all, or some of fraud, weapons"
    )
    benchmark = {"dataset": "mine", "role": "harmful"}
    raw = raw_config(tmp_path, attack={"benchmarks": {"asr": benchmark}})
    assert refusal(raw, tmp_path) == (
        "attack.benchmarks.asr.split: 'evaluation', the default, has no prompts in mine; splits "
        "there: identification"
    )


def test_refusal_prefix_can_judge_a_file(tmp_path):
    raw = benchmark_of_a_file(tmp_path)  # beside the default oracle, which leaves it alone
    assert set(check_inputs(load_config(raw), tmp_path)) == {"mine", "organism"}


def test_benchmarks_do_not_matter_when_nothing_is_attacked(tmp_path):
    raw = benchmark_of_a_file(tmp_path) | {"run": {"models": ["organism"], "attacked": []}}
    assert set(check_inputs(load_config(raw), tmp_path)) == {"mine", "organism"}


def test_organisms_need_the_organisms_dataset(tmp_path):
    raw = raw_config(tmp_path, attack={"benchmarks": {}})
    raw["datasets"]["organism"] = raw["datasets"]["mine"]
    raw["identification"]["safe"] = {"datasets": ["mine"], "categories": ["weapons"]}
    assert "datasets.organism" in refusal(raw, tmp_path)


def test_a_dataset_that_gives_no_category_is_refused(tmp_path):
    raw = raw_config(
        tmp_path, unsafe={"datasets": ["organism", "mine"], "categories": list(CATEGORIES[:1])}
    )
    assert "'mine'" in refusal(raw, tmp_path)


def test_results_in_a_folder_without_write_permission(tmp_path, monkeypatch):
    asked = []

    def deny(path, mode):
        asked.append((path, mode))
        return False

    monkeypatch.setattr(os, "access", deny)
    text = refusal({}, tmp_path / "results" / "demo")
    assert text.startswith(f"results: no permission to write in {tmp_path}; ")
    assert asked == [(tmp_path, os.W_OK | os.X_OK)]


def test_results_below_a_file(tmp_path):
    (tmp_path / "results").write_text("not a folder")
    text = refusal({}, tmp_path / "results" / "demo")
    assert text.startswith("results: ")
    assert str(tmp_path / "results") in text


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_results_in_a_read_only_folder(tmp_path):
    tmp_path.chmod(0o555)
    assert refusal({}, tmp_path / "demo") == f"results: no permission to write in {tmp_path}"
