"""The data root: where relative paths of files of prompts, pairs and questions start."""

from pathlib import Path

import pytest

from safeneuron.config.load import ConfigError, load_config
from safeneuron.config.schema.experiment import Config
from safeneuron.experiment.checks import check_inputs

PAIRS = {"kind": "file", "role": "safety"}
TASK = {"kind": "file", "form": "arc"}


def settings(prompts="p.csv", images="pictures", pairs="sub/q.json", questions="arc/t.jsonl"):
    """One file of each kind, and a model, which has its own place."""
    text = {"kind": "file", "text": "t", "constant_category": "c"}
    return {
        "models": {
            "organism": {"kind": "organism"},
            "mine": {"kind": "local", "path": "weights", "dtype": "float32"},
        },
        "run": {"models": ["organism"], "attacked": []},
        "datasets": {"organism": {"kind": "organism"}, "mine": {**text, "path": prompts}}
        | {"seen": {**text, "path": prompts, "image": "i", "images": images}},
        "preferences": {
            "organism": {"kind": "organism"},
            "mine": {**PAIRS, "path": pairs, "images": images},
        },
        "capability": {"tasks": {"mine": {**TASK, "questions": [questions], "shots": ["s.jsonl"]}}},
    }


def paths(config: Config) -> dict[str, str | None]:
    pairs, task = config.preferences["mine"], config.capability.tasks["mine"]
    return {
        "prompts": config.datasets["mine"].path,
        "no images": config.datasets["mine"].images,
        "images": config.datasets["seen"].images,
        "pairs": pairs.path,
        "images of pairs": pairs.images,
        "questions": " ".join(task.questions),
        "shots": " ".join(task.shots),
        "model": config.models["mine"].path,
    }


def test_a_path_may_say_that_it_is_here():
    found = paths(load_config(settings(prompts="./p.csv", questions="./t.jsonl") | {"data": "d"}))
    assert found["prompts"] == "p.csv" and found["questions"] == "t.jsonl"
    assert found["pairs"] == "d/sub/q.json"


def test_all_files_but_models_are_below_the_data_root():
    assert paths(load_config(settings() | {"data": "../files"})) == {
        "prompts": "../files/p.csv",
        "no images": None,
        "images": "../files/pictures",
        "pairs": "../files/sub/q.json",
        "images of pairs": "../files/pictures",
        "questions": "../files/arc/t.jsonl",
        "shots": "../files/s.jsonl",
        "model": "weights",
    }


def test_an_absolute_path_stays():
    absolute = {
        "prompts": "/a/p.csv",
        "images": "/i",
        "pairs": "/a/q.json",
        "questions": "/t.jsonl",
    }
    found = paths(load_config(settings(**absolute) | {"data": "../files"}))
    assert {key: found[key] for key in absolute} == absolute


def test_the_run_folder_is_the_default_and_changes_no_path():
    config = load_config(settings(prompts="./p.csv"))
    assert config == Config.model_validate(settings(prompts="./p.csv"))
    assert config.data == "."


@pytest.mark.parametrize("folder", ["data", "7"])
def test_it_can_be_typed(folder):
    config = load_config(settings() | {"data": folder}, typed={"data": folder})
    assert config.datasets["mine"].path == f"{folder}/p.csv"


def refusal(raw, tmp_path) -> str:
    with pytest.raises(ConfigError) as caught:
        check_inputs(load_config(raw), tmp_path / "results")
    return str(caught.value)


def used(kind: str) -> dict:
    """A run of the organism that reads one kind of file."""
    raw = settings()
    if kind == "datasets":
        raw["identification"] = {"unsafe": {"datasets": ["mine"], "categories": None}}
    elif kind == "preferences":
        raw["align"] = {"preferences": {"sources": ["mine"], "safety_share": 1.0}}
        raw["run"]["aligned"] = ["organism"]
    else:
        raw["capability"]["run"] = ["mine"]
    return raw


MISSING = [
    ("datasets", "datasets.mine: {root}/p.csv: no such file"),
    ("preferences", "preferences.mine: {root}/sub/q.json: no such file"),
    ("capability", "capability.tasks.mine: {root}/arc/t.jsonl: no such file"),
]


@pytest.mark.parametrize(("kind", "says"), MISSING, ids=[kind for kind, _ in MISSING])
def test_a_missing_file_is_named_with_its_final_path_and_what_to_do(kind, says, tmp_path):
    root = tmp_path / "files"
    text = refusal(used(kind) | {"data": str(root)}, tmp_path)
    assert text.startswith(says.format(root=root))
    assert f"; the data root is {root} (data: {root})" in text
    assert text.endswith("--config data=FOLDER, or fetch the public files into data/ by make data")


def test_a_missing_file_elsewhere_says_nothing_of_the_data_root(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "data root" not in refusal(used("datasets"), tmp_path)
    raw = used("datasets") | {"data": "files"}
    raw["datasets"]["mine"]["path"] = str(tmp_path / "p.csv")
    assert "data root" not in refusal(raw, tmp_path)


def test_a_file_that_is_there_and_wrong_says_nothing_of_the_data_root(tmp_path):
    Path(tmp_path / "p.csv").write_text("other\n1\n")
    text = refusal(used("datasets") | {"data": str(tmp_path)}, tmp_path)
    assert text.startswith(f"datasets.mine: {tmp_path}/p.csv: no column 't'")
    assert "data root" not in text
