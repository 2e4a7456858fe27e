"""An attacked model as a checkpoint, by its stage."""

import numpy as np
import pytest
import torch

import tiny
from safeneuron.artifacts.manifests import read_manifest
from safeneuron.interventions.intervention import Intervention
from safeneuron.interventions.zero_ablate import ZeroAblate
from safeneuron.models.checkpoint import load_checkpoint, save_checkpoint, write_manifest
from safeneuron.models.sites import ffn_sites
from safeneuron.neurons.criteria import read_criteria, write_criteria
from safeneuron.neurons.selection import top_neurons
from safeneuron.neurons.sets import read_neuron_set, write_neuron_set
from sets import neuron_set

PROMPTS = tiny.token_prompts(3)
STATE = {"model": "tiny", "arm": "base", "round": 0, "seed": 0}


@pytest.fixture
def files(tmp_path, tokenizer):
    """A model, its neuron set and its scores."""
    manifest, neurons, scores = (tmp_path / name for name in ("m.json", "n.parquet", "s.parquet"))
    model = tiny.build(vocabulary=len(tokenizer))
    save_checkpoint(model, tokenizer, tmp_path / "model")
    write_manifest(manifest, tmp_path / "model", "float32")
    shape = len(sites := ffn_sites(model)), sites[0].neurons
    rng = np.random.default_rng(0)
    write_neuron_set(neurons, neuron_set(es=rng.random(shape) < 0.3, sas=rng.random(shape) < 0.1))
    about = {**STATE, "contrast": "overall", "pooling": "max"}
    write_criteria(scores, {name: rng.normal(size=shape) for name in ("es", "sas", "shift")}, about)
    return {"model": manifest, "neurons": neurons, "scores": scores}


def written(stage, files, folder, target, fraction, operator):
    out = {"out": folder / "checkpoint", "manifest": folder / "checkpoint.json"}
    settings = {
        "state": STATE, "attack": "magnitude", "target": target, "fraction": fraction,
        "operator": operator, "cpu_threads": 1,
    }  # fmt: skip
    stage("attacked_checkpoint", settings, **files, **out)
    return out["manifest"]


@pytest.mark.parametrize("operator", ["zero_ablate", "weights"])
@pytest.mark.parametrize("fraction", [None, 0.2])
def test_its_logits_are_those_of_the_attack(fraction, operator, files, stage, tmp_path):
    identified = read_neuron_set(files["neurons"])
    mask = identified.by("es+sas")
    if fraction:
        mask = top_neurons(read_criteria(files["scores"]), "es+sas", round(0.2 * mask.size))
    model, _ = load_checkpoint(files["model"])
    clean = tiny.logits(model, PROMPTS)
    with Intervention(ZeroAblate(), mask).applied(model):
        expected = tiny.logits(model, PROMPTS)
    manifest = written(stage, files, tmp_path / "out", "es+sas", fraction, {"kind": operator})
    served, _ = load_checkpoint(manifest)
    for got, wanted, before in zip(tiny.logits(served, PROMPTS), expected, clean, strict=True):
        torch.testing.assert_close(got, wanted, rtol=0, atol=1e-6)
        assert (wanted - before).abs().max() > 1e-3
    document = read_manifest(manifest)
    assert document["reported"] == STATE | {
        "attack": "magnitude", "operator": operator, "target": "es+sas", "fraction": fraction,
        "strength": None, "control_seed": None, "n_neurons": int(mask.sum()),
    }  # fmt: skip
    # the attacked state itself is not touched
    again, _ = load_checkpoint(files["model"])
    assert all(map(torch.equal, tiny.logits(again, PROMPTS), clean))


def test_what_weights_cannot_say_is_refused_and_nothing_is_written(files, stage, caplog, tmp_path):
    pin = {"kind": "pin", "strengths": [1.0]}
    with pytest.raises(SystemExit):
        written(stage, files, tmp_path / "out", "es", None, pin)
    assert "'pin' cannot be written into weights; attacks by zero_ablate" in caplog.text
    assert not list(tmp_path.glob("out/*"))
