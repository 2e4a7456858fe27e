"""What is wrong with files, categories and folders is said before any job runs."""

import csv
import json
import os
from pathlib import Path

import pytest

import gguf_files
from safeneuron.config.load import ConfigError, load_config
from safeneuron.config.schema.experiment import Config
from safeneuron.config.schema.identification import Side
from safeneuron.config.schema.models import LocalModel
from safeneuron.experiment.checks import (
    categories_of,
    check_chat_template_of,
    check_checkpoint_folder,
    check_inputs,
)
from safeneuron.organism.chat_template import CHAT_TEMPLATE
from safeneuron.organism.vocabulary import CATEGORIES

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


def refusal(raw, results: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        check_inputs(load_config(raw), results)
    return str(caught.value)


@pytest.fixture
def checkpoint(tmp_path):
    """A folder that passes the check: what it holds is not read further."""
    folder = tmp_path / "checkpoint"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "tokenizer_config.json").write_text('{"chat_template": "..."}')
    (folder / "model.safetensors").touch()
    return folder


def folder_refusal(folder: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        check_checkpoint_folder("models.mine.path", LocalModel(path=str(folder)))
    return str(caught.value)


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


def run_of(folder):
    return {
        "models": {"mine": {"kind": "local", "path": str(folder)}},
        "run": {"models": ["mine"], "attacked": [], "aligned": []},
    }


def test_a_complete_checkpoint_passes(checkpoint, tmp_path):
    (checkpoint / "tokenizer_config.json").write_text(json.dumps({"chat_template": CHAT_TEMPLATE}))
    assert set(check_inputs(load_config(run_of(checkpoint)), tmp_path)) == {"organism"}


def test_a_model_of_the_users_is_not_shown_the_organisms_language(checkpoint, tmp_path):
    says = refusal(run_of(checkpoint), tmp_path)
    assert says == (
        "identification.unsafe.datasets: 'organism' (the default) is in the organism's language, "
        "which 'mine' of run.models does not speak; name data sets of yours there"
    )


def test_a_model_that_the_run_does_not_use_is_not_looked_at(tmp_path):
    raw = {
        "models": {
            "organism": {"kind": "organism"},
            "mine": {"kind": "local", "path": str(tmp_path / "absent")},
        },
        "run": {"models": ["organism"], "attacked": []},
    }
    assert set(check_inputs(load_config(raw), tmp_path)) == {"organism"}


def test_checkpoint_that_is_no_folder(tmp_path):
    raw = {
        "models": {"mine": {"kind": "local", "path": str(tmp_path / "absent")}},
        "run": {"models": ["mine"], "attacked": [], "aligned": []},
    }
    assert refusal(raw, tmp_path) == f"models.mine.path: {tmp_path / 'absent'} is not a folder"


def test_checkpoint_without_weights(checkpoint):
    (checkpoint / "model.safetensors").unlink()
    text = folder_refusal(checkpoint)
    assert text.startswith(f"models.mine.path: {checkpoint} has no model.safetensors; ")
    assert "(found: no weights); download the folder again" in text


def test_checkpoint_with_weights_in_another_format(checkpoint):
    (checkpoint / "model.safetensors").rename(checkpoint / "pytorch_model.bin")
    text = folder_refusal(checkpoint)
    assert "weights must be safetensors (found: pytorch_model.bin)" in text
    assert "save_pretrained" in text


def test_checkpoint_with_a_missing_shard(checkpoint):
    (checkpoint / "model.safetensors").rename(checkpoint / "model-1-of-2.safetensors")
    shards = {"a": "model-1-of-2.safetensors", "b": "model-2-of-2.safetensors"}
    index = checkpoint / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": shards}))
    text = folder_refusal(checkpoint)
    assert f"{checkpoint} has no model-2-of-2.safetensors" in text
    assert "(found: model-1-of-2.safetensors)" in text
    (checkpoint / "model-2-of-2.safetensors").touch()
    check_checkpoint_folder("models.mine.path", LocalModel(path=str(checkpoint)))


@pytest.mark.parametrize(
    "config",
    [
        {"model_type": "mixtral", "num_local_experts": 8},
        {
            "model_type": "qwen3_moe",
            "num_experts": 128,
            "mlp_only_layers": [0, 1],
        },  # dense by layer
        {"model_type": "deepseek_v3", "n_routed_experts": 256},
        {"text_config": {"model_type": "ernie4_5_moe", "moe_num_experts": 64}},
    ],
    ids=lambda config: config.get("model_type", "inside"),
)
def test_a_mixture_of_experts_is_refused_by_its_config(checkpoint, config):
    (checkpoint / "config.json").write_text(json.dumps(config))
    text = folder_refusal(checkpoint)
    assert text.startswith(f"models.mine.path: {checkpoint}: a mixture of experts ('")
    assert "config/README.md lists the families" in text


@pytest.mark.parametrize("config", [{}, {"num_experts": None}, {"num_local_experts": 1}])
def test_a_dense_model_is_no_mixture(checkpoint, config):
    (checkpoint / "config.json").write_text(json.dumps(config))
    check_checkpoint_folder("models.mine.path", LocalModel(path=str(checkpoint)))


@pytest.mark.parametrize("file", ["config.json", "tokenizer_config.json"])
def test_checkpoint_without_a_file(checkpoint, file):
    (checkpoint / file).unlink()
    assert folder_refusal(checkpoint) == (
        f"models.mine.path: {checkpoint} has no {file}; it is not a complete checkpoint"
    )


def test_checkpoint_without_chat_template(checkpoint):
    (checkpoint / "tokenizer_config.json").write_text("{}")
    model = LocalModel(path=str(checkpoint))
    with pytest.raises(ConfigError) as caught:
        check_chat_template_of("models.mine.path", model)
    text = str(caught.value)
    assert f"the tokenizer in {checkpoint} has no chat template" in text
    assert "chat_template.jinja" in text
    (checkpoint / "chat_template.jinja").touch()
    check_chat_template_of("models.mine.path", model)


@pytest.mark.parametrize("file", ["tokenizer_config.json", "model.safetensors.index.json"])
def test_checkpoint_with_a_broken_file(checkpoint, file):
    (checkpoint / file).write_text("<!DOCTYPE html>")
    text = folder_refusal(checkpoint)
    assert text.startswith("models.mine.path: ")
    assert file in text


def test_the_folder_of_a_judge_is_checked_and_only_a_classifier_may_lack_a_chat_template(
    checkpoint, tmp_path
):
    (checkpoint / "tokenizer_config.json").write_text("{}")
    raw = {
        "models": {
            "organism": {"kind": "organism"},
            "judge": {"kind": "local", "path": str(checkpoint)},
        },
        "run": {"models": ["organism"]},
        "attack": {
            "judges": ["oracle", "j"],
            "model_judges": {"j": {"kind": "llama_guard", "model": "judge"}},
        },
    }
    assert refusal(raw, tmp_path).startswith("models.judge.path: the tokenizer in ")
    raw["attack"]["model_judges"]["j"]["kind"] = "harmbench"
    check_inputs(load_config(raw), tmp_path)
    (checkpoint / "model.safetensors").unlink()
    assert "has no model.safetensors" in refusal(raw, tmp_path)


def run_of_gguf(file):
    return {
        "models": {"mine": {"kind": "gguf", "path": str(file)}},
        "run": {"models": ["mine"], "attacked": [], "aligned": []},
    }


def test_a_gguf_file_is_checked_like_a_folder(tmp_path):
    file = gguf_files.write(tmp_path / "tiny.gguf", gguf_files.build())
    # all that is wrong with it is the language of the default's prompts
    assert "'mine' of run.models does not speak" in refusal(run_of_gguf(file), tmp_path)
    gguf_files.write(file, gguf_files.build(), template=None)
    assert refusal(run_of_gguf(file), tmp_path).startswith(
        f"models.mine.path: {file} has no chat template (tokenizer.chat_template); "
    )
    file.write_text("version https://git-lfs.github.com/spec/v1")
    assert refusal(run_of_gguf(file), tmp_path).startswith(
        f"models.mine.path: {file} is no GGUF file: "
    )
    file.unlink()
    assert refusal(run_of_gguf(file), tmp_path).startswith(
        f"models.mine.path: {file} is not a file; "
    )


def test_a_gguf_file_as_a_judge_may_lack_a_chat_template_if_it_is_a_classifier(tmp_path):
    file = gguf_files.write(tmp_path / "tiny.gguf", gguf_files.build(), template=None)
    raw = {
        "models": {
            "organism": {"kind": "organism"},
            "judge": {"kind": "gguf", "path": str(file)},
        },
        "run": {"models": ["organism"]},
        "attack": {
            "judges": ["oracle", "j"],
            "model_judges": {"j": {"kind": "llama_guard", "model": "judge"}},
        },
    }
    assert "has no chat template" in refusal(raw, tmp_path)
    raw["attack"]["model_judges"]["j"]["kind"] = "harmbench"
    check_inputs(load_config(raw), tmp_path)
