"""The stage as its script runs it: with a reference table, with LoRA, in several processes."""

import json
import subprocess
import sys
import tempfile
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from conftest import SCRIPTS
from safeneuron.artifacts.manifests import read_manifest
from safeneuron.artifacts.tables import write_rows
from safeneuron.data.preferences import PREFERENCES
from safeneuron.models.checkpoint import save_checkpoint, write_manifest
from safeneuron.neurons.sets import write_neuron_set
from sets import neuron_set
from unit.alignment.rounds import MASK, PAIRS, SETTINGS, TOKENIZER, build

STATE = {"model": "tiny", "arm": "freeze", "round": 1, "seed": 0}
TRAINING = replace(SETTINGS, steps=2, accumulation=2, kl_weight=0.0)


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
    return {"model": manifest, "preferences": pairs, "neurons": [neurons], "reference": [reference]}


def outputs(folder):
    folder.mkdir()
    names = {"manifest": "m.json", "report": "r.json", "table": "t.parquet", "out": "checkpoint"}
    return {option: folder / name for option, name in names.items()}


def settings_of(parallel="none", **changes):
    return {
        "context": STATE,
        "method": "freeze",
        "data_fraction": 1.0,
        "parallel": parallel,
        "training": asdict(replace(TRAINING, **changes)) | {"epochs": None},
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
    assert report["frozen_max_change"] == 0 and report["free_moved"] > 0.3
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
