"""Two processes train as one does, as replicas or as shards, and freeze the same bits."""

import numpy as np
import pytest
import torch
from safetensors.torch import load_model

from safeneuron.alignment import processes
from safeneuron.alignment.freeze_proof import FreezeViolationError, freeze_report
from safeneuron.alignment.settings import LoRA
from unit.alignment.rounds import MASK, build, plan_of, same_bits, train
from unit.alignment.test_training_variants import distance
from unit.alignment.two_processes import REFERENCED, train_in_two_processes

# a step's two micro-batches: one process takes both, of two each takes one
STEPS = {"plan": "freeze_ablate", "steps": 3, "batch_pairs": 4, "accumulation": 2}
NO_KL = {**STEPS, "kl_weight": 0.0}
LOW_RANK = {**STEPS, "lora": LoRA(rank=4, alpha=8)}
FAR_APART = {**NO_KL, "steps": 4, "save_every": 2}
REPLICAS = {
    "all terms": STEPS,
    "one pair": {**STEPS, "batch_pairs": 2},
    "low rank": LOW_RANK,
    "attacked": {**STEPS, "plan": "harden"},
    "whole": FAR_APART,
    "killed": {**FAR_APART, "killed_at": 4},
    "not restored": {**STEPS, "restore": False},
}
SHARDS = {
    "shards": NO_KL,
    "whole shards": FAR_APART,
    "killed shards": {**FAR_APART, "killed_at": 4},
    "accumulated shards": {**NO_KL, "accumulation": 4},
    "tied shards": {**NO_KL, "model": {"tie_word_embeddings": True}, "train_embeddings": True},
    "fused shards": {**NO_KL, "model": {"family": "phi3"}},
    "bfloat16 shards": {**NO_KL, "precision": "bfloat16", "gradient_checkpointing": True},
    "single neurons": {**NO_KL, "plan": "sn_tune"},
    "shards not restored": {**NO_KL, "restore": False, "weight_decay": 0.05},
    "shards off by one": {
        **NO_KL,
        "plan": plan_of("freeze", frozen=np.roll(MASK, 1, axis=1)),
    },
}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A round's name -> its model in each process that saved one."""
    folder = tmp_path_factory.mktemp("processes")
    shards = {name: {**settings, "shards": True} for name, settings in SHARDS.items()}
    failure = train_in_two_processes(REPLICAS | shards, folder)

    def models(name):
        files = sorted(folder.glob(f"{name}-*.safetensors"))
        assert len(files) == (1 if name in SHARDS else 2), failure
        return [load(file, (REPLICAS | SHARDS)[name]) for file in files]

    return models


def load(file, settings):
    model = build(**settings.get("model", {}))
    load_model(model, file)
    model.get_input_embeddings().requires_grad_(settings.get("train_embeddings", False))
    return model


def alone(settings, workdir):
    """The same round in one process."""
    settings = {k: v for k, v in settings.items() if k != "restore"}
    built = build(**settings.pop("model", {}))
    if settings.get("kl_weight") == 0 and "lora" not in settings:
        settings |= {"pairs": REFERENCED, "live": False}
    return train(workdir=workdir, model=built, **settings)


def assert_frozen(model, settings, mask=MASK):
    report = freeze_report(model, build(**settings.get("model", {})), mask)
    report.check()
    return report


@pytest.mark.parametrize("name", ["all terms", "one pair", "low rank"])
def test_replicas_agree_on_all_bits_and_freeze_the_frozen_ones(name, trained):
    models = trained(name)
    for model in models:
        assert_frozen(model, REPLICAS[name])
    assert same_bits(*models)


@pytest.mark.parametrize(
    "name",
    [
        "all terms",
        "low rank",
        "attacked",
        "shards",
        "accumulated shards",
        "tied shards",
        "fused shards",
    ],
)
def test_two_processes_train_as_one(name, trained, tmp_path):
    settings = (REPLICAS | SHARDS)[name]
    one = alone(settings, tmp_path)
    moved, _ = distance(one.model, one.before)
    assert distance(one.model, trained(name)[0])[0] < 1e-3 * moved


def test_a_killed_training_resumes_to_the_same_bits(trained):
    assert same_bits(*trained("killed"))
    assert same_bits(trained("killed")[0], trained("whole")[0])
    assert same_bits(trained("killed shards")[0], trained("whole shards")[0])


@pytest.mark.parametrize("name", ["shards", "tied shards", "fused shards", "bfloat16 shards"])
def test_shards_freeze_every_bit_and_move_the_rest(name, trained):
    report = assert_frozen(trained(name)[0], SHARDS[name])
    assert report.free_moved > 0.99


def test_shards_of_bfloat16_products_train_nearly_as_one_process(trained, tmp_path):
    one = alone(SHARDS["bfloat16 shards"], tmp_path)
    moved, _ = distance(one.model, one.before)
    assert distance(one.model, trained("bfloat16 shards")[0])[0] < 0.1 * moved


def test_single_neurons_train_in_shards_and_nothing_else(trained):
    model, start = trained("single neurons")[0], build()
    assert_frozen(model, SHARDS["single neurons"], ~MASK)
    assert torch.equal(model.lm_head.weight, start.lm_head.weight)
    assert not same_bits(model, start)


@pytest.mark.parametrize("name", ["not restored", "shards not restored", "shards off by one"])
def test_a_guarantee_that_is_broken_is_found(name, trained):
    for model in trained(name):
        with pytest.raises(FreezeViolationError, match="frozen weights moved"):
            assert_frozen(model, {})


def test_micro_batches_that_processes_cannot_share_out_are_an_error(monkeypatch):
    monkeypatch.setattr(processes, "count", lambda: 4)
    assert processes.micro_batches(8) == 2
    with pytest.raises(ValueError, match=r"accumulation: 6 micro-batches .* among 4 processes"):
        processes.micro_batches(6)
