import hashlib
import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import BloomForCausalLM, MptForCausalLM, T5Config

import tiny
from safeneuron.artifacts.manifests import neuron_grid
from safeneuron.models.checkpoint import (
    CheckpointError,
    check_files,
    load_checkpoint,
    load_folder,
    save_checkpoint,
    write_manifest,
)
from safeneuron.models.sites import UnsupportedArchitectureError

PROMPTS = tiny.token_prompts(3)


@pytest.fixture
def folder(tmp_path, tokenizer):
    save_checkpoint(tiny.build(vocabulary=len(tokenizer)), tokenizer, tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture
def manifest(folder):
    path = folder.parent / "checkpoint.json"
    write_manifest(path, folder, "float32", {"steps": 3})
    return path


def test_a_checkpoint_loads_to_the_same_model_and_tokenizer(manifest, tokenizer):
    model, loaded = load_checkpoint(manifest)
    original = tiny.build(vocabulary=len(tokenizer))
    weights = dict(original.named_parameters())
    assert all(torch.equal(p, weights[name]) for name, p in model.named_parameters())
    assert loaded.get_vocab() == tokenizer.get_vocab()
    assert loaded.chat_template == tokenizer.chat_template
    assert loaded.padding_side == "left"
    assert not model.training


def test_a_manifest_says_what_is_in_the_folder(manifest, folder, tokenizer):
    document = json.loads(manifest.read_text())
    model = tiny.build(vocabulary=len(tokenizer))
    assert document["folder"] == str(folder)
    assert document["architecture"] == "LlamaForCausalLM"
    assert (document["layers"], document["neurons"]) == (tiny.LAYERS, tiny.NEURONS)
    assert document["parameters"] == sum(p.numel() for p in model.parameters())
    assert document["reported"] == {"steps": 3}
    assert document["files"] == {
        path.name: {
            "bytes": path.stat().st_size,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
        for path in folder.iterdir()
    }
    assert "model.safetensors" in document["files"]


def test_hidden_files_of_other_programs_are_none_of_a_checkpoints(manifest, folder):
    (folder / ".snakemake_timestamp").touch()
    write_manifest(manifest, folder, "float32")
    assert ".snakemake_timestamp" not in json.loads(manifest.read_text())["files"]
    (folder / ".snakemake_timestamp").unlink()
    load_checkpoint(manifest)


def test_stages_without_torch_read_the_grid_from_the_manifest(manifest):
    assert neuron_grid(manifest) == (tiny.LAYERS, tiny.NEURONS)


def test_a_model_made_again_to_the_same_weights_has_the_same_manifest(manifest, folder, tokenizer):
    before = manifest.read_bytes()
    save_checkpoint(tiny.build(vocabulary=len(tokenizer)), tokenizer, folder)
    write_manifest(manifest, folder, "float32", {"steps": 3})
    assert manifest.read_bytes() == before


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json"])
def test_a_changed_file_is_an_error_that_names_it_and_the_remedy(manifest, folder, name):
    content = bytearray((folder / name).read_bytes())
    content[-2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(
        CheckpointError,
        match=rf"{name} is not the file .*checkpoint\.json: it was moved .*run again",
    ):
        load_checkpoint(manifest)
    assert not manifest.exists()


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "chat_template.jinja"])
def test_a_missing_file_is_an_error_that_names_it(manifest, folder, name):
    (folder / name).unlink()
    with pytest.raises(CheckpointError, match=f"{name} is missing"):
        load_checkpoint(manifest)


def test_a_manifest_read_from_another_folder_stays_where_it_is(tmp_path, tokenizer, monkeypatch):
    run, elsewhere = tmp_path / "run", tmp_path / "elsewhere"
    run.mkdir()
    elsewhere.mkdir()
    monkeypatch.chdir(run)
    save_checkpoint(tiny.build(vocabulary=len(tokenizer)), tokenizer, Path("made/checkpoint"))
    manifest = Path("made/checkpoint.json")
    write_manifest(manifest, Path("made/checkpoint"), "float32")
    check_files(manifest)
    monkeypatch.chdir(elsewhere)
    with pytest.raises(CheckpointError, match="relative to the folder that snakemake ran in"):
        check_files(run / manifest)
    assert (run / manifest).is_file()
    monkeypatch.chdir(run)
    shutil.rmtree("made/checkpoint")
    with pytest.raises(CheckpointError, match="is missing"):
        check_files(manifest)
    assert not manifest.is_file()


@pytest.mark.parametrize("stage", [write_manifest, load_folder])
def test_truncated_weights_are_an_error_that_names_the_folder(folder, stage):
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    arguments = (folder, "float32") if stage is load_folder else (folder / "m", folder, "")
    with pytest.raises(CheckpointError, match=f"{folder}: its weights are truncated"):
        stage(*arguments)


def test_weights_that_the_files_lack_are_an_error_and_not_made_up(folder):
    weights = load_file(folder / "model.safetensors")
    del weights["model.layers.1.mlp.up_proj.weight"]
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(CheckpointError, match=r"1 weights of Llama.* model\.layers\.1\.mlp\.up"):
        load_folder(folder, "float32")


def test_a_model_that_is_no_language_model_is_an_error(tmp_path):
    T5Config().save_pretrained(tmp_path)
    with pytest.raises(UnsupportedArchitectureError, match="type 't5' is neither"):
        load_folder(tmp_path, "float32")


def test_a_checkpoint_is_loaded_in_another_dtype_on_request(manifest):
    model, _ = load_checkpoint(manifest, "bfloat16")
    assert {p.dtype for p in model.parameters()} == {torch.bfloat16}


def test_a_checkpoint_is_loaded_in_the_dtype_of_its_manifest(folder):
    write_manifest(folder.parent / "m.json", folder, "bfloat16")
    model, _ = load_checkpoint(folder.parent / "m.json")
    assert {p.dtype for p in model.parameters()} == {torch.bfloat16}


def test_a_failed_save_keeps_the_old_checkpoint(manifest, folder, tokenizer, monkeypatch):
    def fail(*_, **__):
        raise OSError("disk full")

    monkeypatch.setattr(type(tokenizer), "save_pretrained", fail)
    with pytest.raises(OSError, match="disk full"):
        save_checkpoint(tiny.build(seed=1, vocabulary=len(tokenizer)), tokenizer, folder)
    monkeypatch.undo()
    load_checkpoint(manifest)
    assert sorted(p.name for p in folder.parent.iterdir()) == ["checkpoint.json", "model"]


def test_a_folder_with_a_subfolder_has_a_manifest_too(folder):
    # downloads leave such folders: .cache, original, onnx
    (folder / ".cache").mkdir()
    manifest = folder.parent / "m.json"
    write_manifest(manifest, folder, "float32")
    assert load_checkpoint(manifest).model is not None


BLOOM = {"hidden_size": 32, "n_layer": 1, "n_head": 2, "bos_token_id": 1, "eos_token_id": 2}
MPT = {"d_model": 32, "n_layers": 1, "n_heads": 2}


@pytest.mark.parametrize(
    ("model", "settings", "says"),
    [
        (MptForCausalLM, MPT, "MptForCausalLM: its decoder"),
        (BloomForCausalLM, BLOOM, r"BloomForCausalLM: its configuration \('bloom'\) has no interm"),
    ],
)
def test_a_model_of_no_known_family_gets_no_manifest(model, settings, says, tmp_path, tokenizer):
    config = model.config_class(vocab_size=len(tokenizer), **settings)
    save_checkpoint(model(config), tokenizer, tmp_path / "unknown")
    with pytest.raises(UnsupportedArchitectureError, match=says):
        write_manifest(tmp_path / "m.json", tmp_path / "unknown", "float32")
    assert not (tmp_path / "m.json").exists()
