"""The stage as its script runs it: with a reference table, with LoRA, in several processes."""

import json
import subprocess
import sys
import tempfile

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from safeneuron.alignment import round
from safeneuron.alignment.freeze_proof import FreezeViolationError
from safeneuron.alignment.freezing import FrozenSlices
from safeneuron.alignment.settings import SAVE_EVERY
from safeneuron.artifacts.manifests import read_manifest
from safeneuron.artifacts.provenance import read_provenance
from safeneuron.artifacts.tables import write_rows
from safeneuron.data.preferences import PREFERENCES
from safeneuron.data.prompts import write_prompts
from safeneuron.models.chat import encode_prompt
from safeneuron.models.checkpoint import load_checkpoint, save_checkpoint, write_manifest
from safeneuron.neurons.sets import write_neuron_set
from sets import neuron_set
from stages import SCRIPTS
from unit.alignment.rounds import MASK, PAIRS, TOKENIZER, build, changed

SIDES = {"unsafe": "theft", "safe": "benign"}
STATE = {"model": "tiny", "arm": "freeze", "round": 1, "seed": 0}
TRAINING = changed(steps=2, accumulation=2, kl_weight=0.0)


@pytest.fixture
def files(stage, tmp_path):
    """What a round reads: a bfloat16 checkpoint, pairs, a neuron set and the reference table."""
    folder, manifest = tmp_path / "T0", tmp_path / "T0.json"
    save_checkpoint(build().to(torch.bfloat16), TOKENIZER, folder)
    write_manifest(manifest, folder, "bfloat16")
    pairs, neurons = tmp_path / "pairs.parquet", tmp_path / "set.parquet"
    write_rows(pairs, PREFERENCES, PAIRS, {})
    write_neuron_set(neurons, neuron_set(MASK, np.zeros_like(MASK)))
    reference = tmp_path / "reference.parquet"
    settings = {"precision": "float32", "batch_pairs": 2, "cpu_threads": 1}
    stage("reference_log_probs", settings, model=manifest, preferences=pairs, out=reference)
    return {
        "model": manifest,
        "preferences": pairs,
        "neurons": [neurons],
        "reference": [reference],
        "unsafe": [],
        "safe": [],
    }


def outputs(folder):
    folder.mkdir()
    names = {"manifest": "m.json", "report": "r.json", "table": "t.parquet", "out": "checkpoint"}
    return {option: folder / name for option, name in names.items()}


def settings_of(parallel="none", **changes):
    return {
        "state": STATE,
        "method": "freeze",
        "zeroing_probability": 1.0,
        "data_fraction": 1.0,
        "training": changed(TRAINING, parallel=parallel, **changes).model_dump(),
        "cpu_threads": 1,
    }


def in_two_processes(settings, **files):
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    command += [str(SCRIPTS / "align.py"), "--settings", "-"]
    for option, value in files.items():
        command += [f"--{option}", *map(str, value if isinstance(value, list) else [value])]
    with tempfile.TemporaryFile() as given:  # as the first process hands them on
        given.write(json.dumps(settings).encode())
        given.flush()
        run = subprocess.run(command, stdin=given, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-3000:]
    return run.stderr


def weights(written):
    manifest = read_manifest(written["manifest"])
    assert manifest["dtype"] == "bfloat16"
    report = json.loads(written["report"].read_text())
    assert report["frozen_neurons"] == MASK.sum() and report["frozen_max_change"] == 0
    assert 0.3 < report["free_trained"] <= report["free_moved"]
    assert not list(written["out"].parent.glob("training-*"))
    return load_file(written["out"] / "model.safetensors")


@pytest.mark.parametrize("parallel", ["ddp", "fsdp"])
def test_two_processes_write_what_one_writes(parallel, files, stage, tmp_path):
    alone, together = outputs(tmp_path / "alone"), outputs(tmp_path / "together")
    stage("align", settings_of(), **files, **alone)
    log = in_two_processes(settings_of(parallel), **files, **together)
    assert log.count("freeze report") == 1  # the first process alone writes and logs
    one, two = weights(alone), weights(together)
    assert one.keys() == two.keys()
    differ = sum((one[name] != two[name]).sum().item() for name in one)
    assert differ < 1e-3 * sum(values.numel() for values in one.values())


def test_low_rank_training_writes_an_ordinary_checkpoint(files, stage, tmp_path):
    written = outputs(tmp_path / "lora")
    lora = {"lora": {"rank": 4, "alpha": 8}}
    settings = settings_of()
    settings["training"] |= lora
    stage("align", settings, **files, **written)
    assert weights(written).keys() == load_file(tmp_path / "T0" / "model.safetensors").keys()


def test_steps_that_bfloat16_rounds_away_are_kept_where_float32_is_saved(files, stage, tmp_path):
    small = {"learning_rate": 1e-5, "weight_decay": 0.0}
    reports = {}
    for saved_dtype in (None, "float32"):
        written = outputs(tmp_path / str(saved_dtype))
        stage("align", settings_of(saved_dtype=saved_dtype, **small), **files, **written)
        reports[saved_dtype] = json.loads(written["report"].read_text())
    assert reports[None]["free_moved"] < 0.1 < 0.9 < reports["float32"]["free_moved"]
    assert reports["float32"]["frozen_moved"] == 0
    after = load_file(written["out"] / "model.safetensors")
    assert {values.dtype for values in after.values()} == {torch.float32}
    # stages load it in the model's own precision
    assert read_manifest(written["manifest"])["dtype"] == "bfloat16"
    model, _ = load_checkpoint(written["manifest"])
    for name, values in model.named_parameters():
        assert torch.equal(values, after[name].bfloat16()), name


def test_a_round_starts_from_what_the_last_one_saved_to_the_bit(files, stage, tmp_path):
    first, second = outputs(tmp_path / "1"), outputs(tmp_path / "2")
    settings = settings_of(saved_dtype="float32")
    stage("align", settings, **files, **first)
    moved = tmp_path / "moved.parquet"  # neurons that the first round trained
    write_neuron_set(moved, neuron_set(np.zeros_like(MASK), np.roll(MASK, 1, axis=1) & ~MASK))
    stage("align", settings, **files | {"model": first["manifest"], "neurons": [moved]}, **second)
    report = json.loads(second["report"].read_text())
    assert report["frozen_neurons"] > 0 and report["frozen_moved"] == 0


def test_how_often_a_training_saves_is_no_part_of_what_its_results_are_made_from(
    files, stage, monkeypatch, tmp_path
):
    told, train = [], round.align
    monkeypatch.setattr(round, "align", lambda *given: told.append(given[-1]) or train(*given))
    often, seldom = outputs(tmp_path / "often"), outputs(tmp_path / "seldom")
    stage("align", settings_of(), **files, **often, **{"save-every": 1})
    stage("align", settings_of(), **files, **seldom)
    assert told == [1, SAVE_EVERY]
    for option in often:
        assert read_provenance(often[option]) == read_provenance(seldom[option])
    assert weights(often).keys() == weights(seldom).keys()
    assert all(torch.equal(a, weights(seldom)[n]) for n, a in weights(often).items())


def test_a_random_control_freezes_the_same_neurons_in_every_round(
    files, stage, monkeypatch, tmp_path
):
    plans, train = [], round.align
    monkeypatch.setattr(round, "align", lambda *given: plans.append(given[4]) or train(*given))
    for number in (1, 2):
        settings = settings_of() | {
            "method": "random_freeze",
            "state": STATE | {"round": number, "seed": 3},
        }
        stage("align", settings, **files, **outputs(tmp_path / str(number)))
    first, second = (plan.frozen for plan in plans)
    np.testing.assert_array_equal(first, second)
    assert first.sum() == MASK.sum() and (first != MASK).any()


def test_a_round_freezes_the_union_of_the_sets_that_it_is_given(files, stage, tmp_path):
    written, other = outputs(tmp_path / "union"), np.roll(MASK, 1, axis=1)
    second = tmp_path / "second.parquet"
    write_neuron_set(second, neuron_set(np.zeros_like(MASK), other))
    neurons = {"neurons": [*files["neurons"], second]}
    stage("align", settings_of(), **files | neurons, **written)
    report = json.loads(written["report"].read_text())
    assert report["frozen_neurons"] == (MASK | other).sum() > max(MASK.sum(), other.sum())
    assert {name: report[name] for name in STATE} == STATE
    protected = {"protected_neurons": report["frozen_neurons"]}
    assert read_manifest(written["manifest"])["reported"] == STATE | {"steps": 2} | protected


def test_a_frozen_weight_that_moves_ends_the_round_with_its_report_and_no_checkpoint(
    files, stage, monkeypatch, tmp_path
):
    written = outputs(tmp_path / "broken")
    monkeypatch.setattr(FrozenSlices, "restore", lambda self: None)
    monkeypatch.setattr(FrozenSlices, "__init__", lambda self, slices: None)
    monkeypatch.setattr(FrozenSlices, "release", lambda self: None)
    with pytest.raises(FreezeViolationError, match="frozen weights moved"):
        stage("align", settings_of(), **files, **written)
    assert json.loads(written["report"].read_text())["frozen_max_change"] > 0
    assert not written["out"].exists() and not written["manifest"].exists()


def test_a_round_that_weight_decay_alone_moved_ends_with_its_report_and_no_checkpoint(
    files, stage, without_gradients, tmp_path
):
    written = outputs(tmp_path / "decayed")
    settings = settings_of(learning_rate=0.1, weight_decay=1.0)  # a decay that bfloat16 shows
    with pytest.raises(FreezeViolationError, match="nothing trained"):
        stage("align", settings, **files, **written)
    report = json.loads(written["report"].read_text())
    assert (report["free_moved"] > 0.9, report["free_trained"]) == (True, 0.0)
    assert not written["out"].exists() and not written["manifest"].exists()


def test_directions_are_found_with_an_even_sample_of_the_identifications_prompts(
    files, stage, monkeypatch, tmp_path
):
    given, train = [], round.align
    monkeypatch.setattr(round, "align", lambda *args: given.append(args[4]) or train(*args))
    table = tmp_path / "prompts.parquet"
    texts = {"theft": [f"how do i steal {n}" for n in range(9)], "benign": ["paint", "clean"]}
    rows = [
        {"prompt_id": f"{category}-{n}", "category": category, "split": "mine", "text": text}
        for category, said in texts.items()
        for n, text in enumerate(said)
    ]
    write_prompts(table, "own", rows)
    sides = {side: {"split": "mine", "categories": [c]} for side, c in SIDES.items()}
    settings = settings_of() | {
        "method": "direction_ablate",
        "direction": {
            "probability": 1.0,
            "phases": 1,
            "refresh": 1,
            "prompts": 3,
            "batch_size": 2,
            **sides,
        },
    }
    given_files = files | {"unsafe": [table], "safe": [table]}
    stage("align", settings, **given_files, **outputs(tmp_path / "one"))
    (plan,) = given
    for found, expected in (
        (plan.asked.unsafe, [texts["theft"][n] for n in (0, 4, 8)]),
        (plan.asked.safe, texts["benign"]),
    ):
        assert found == [encode_prompt(TOKENIZER, text) for text in expected]
    assert plan.shares == {"direction": 1.0}
