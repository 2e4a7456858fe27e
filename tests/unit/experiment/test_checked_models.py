"""What is wrong with checkpoints and GGUF files is said before any job runs."""

import json
from pathlib import Path

import pytest

import gguf_files
from safeneuron.config.load import ConfigError, load_config
from safeneuron.config.schema.models import LocalModel
from safeneuron.experiment.checks import (
    check_chat_template_of,
    check_checkpoint_folder,
    check_inputs,
)
from safeneuron.organism.chat_template import CHAT_TEMPLATE
from unit.experiment.refusals import refusal


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
    assert "docs/families.md lists all families" in text


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
