"""Mixtures of experts in a round: what freezes is proved, and what cannot train them refuses."""

import copy
import math

import numpy as np
import pytest
import torch
from safetensors.torch import load_model

import mixtures
from families import HIDDEN, LAYERS
from mixtures import EXPERTS, NEURONS, WIDTH
from safeneuron.alignment.arms.registry import ARMS
from safeneuron.alignment.expert_weights import expert_parts
from safeneuron.alignment.freeze_proof import FreezeViolationError, freeze_report
from safeneuron.alignment.freezing import FrozenSlices
from safeneuron.alignment.lora import add_adapters
from safeneuron.alignment.neuron_weights import Sizes, UnaccountedNeuronsError
from safeneuron.alignment.settings import LoRA
from safeneuron.models.site import UnsupportedArchitectureError
from unit.alignment.rounds import hooks, same_bits, train
from unit.alignment.test_training_variants import distance
from unit.alignment.two_processes import train_in_two_processes

MASK = np.random.default_rng(0).random((LAYERS, NEURONS)) < 0.3
PLAN = ARMS["freeze_ablate"].plan(MASK, 0, {"neurons": 1.0})


@pytest.fixture(params=mixtures.KINDS)
def model(request):
    return mixtures.build(request.param)


def test_a_round_freezes_to_the_bit_and_leaves_no_hook(model, tmp_path):
    trained = train(PLAN, tmp_path, model)
    report = freeze_report(trained.model, trained.before, MASK)
    report.check()
    assert report.frozen_neurons == MASK.sum()
    assert report.frozen_elements == MASK.sum() * 3 * HIDDEN
    assert report.free_trained > 0.5
    assert hooks(trained.model) == 0


def test_frozen_neurons_of_another_set_are_found_to_have_moved(model, tmp_path):
    trained = train(PLAN, tmp_path, model)
    shifted = np.roll(MASK, 1, axis=1)
    with pytest.raises(FreezeViolationError, match="frozen weights moved"):
        freeze_report(trained.model, trained.before, shifted).check()


def test_slices_that_are_not_restored_are_found(monkeypatch, tmp_path):
    monkeypatch.setattr(FrozenSlices, "restore", lambda self: None)
    trained = train(PLAN, tmp_path, mixtures.build("mixtral"), weight_decay=0.05)
    with pytest.raises(FreezeViolationError, match="frozen weights moved"):
        freeze_report(trained.model, trained.before, MASK).check()


@pytest.mark.parametrize("place", ["gate", "up", "down"])
@pytest.mark.parametrize("neuron", [0, WIDTH, NEURONS - 1])
def test_one_element_of_one_neuron_is_found_and_counted_as_its(model, place, neuron):
    mask = np.zeros_like(MASK)
    mask[1, neuron] = True
    expert, element = divmod(neuron, WIDTH)
    before = copy.deepcopy(model)
    experts = model.model.layers[1].mlp.experts
    with torch.no_grad():
        model.model.layers[0].mlp.gate.weight += 1  # something trains
        match place:
            case "gate":
                experts.gate_up_proj[expert, element, 3] += 1
            case "up":
                experts.gate_up_proj[expert, WIDTH + element, 3] += 1
            case "down":
                experts.down_proj[expert, 3, element] += 1
    report = freeze_report(model, before, mask)
    assert (report.frozen_neurons, report.frozen_moved) == (1, 1)
    assert report.frozen_max_change == pytest.approx(1)
    with pytest.raises(FreezeViolationError):
        report.check()
    freeze_report(model, before, np.roll(mask, 1, axis=1)).check()


def test_nothing_is_added_to_a_rounds_loss_for_the_router(model, tmp_path):
    """Of equal models DPO's loss is log 2; transformers' default adds a term of its own."""
    assert model.config.router_aux_loss_coef > 0
    plan = ARMS["dpo"].plan(MASK, 0, {"neurons": 1.0})
    trained = train(plan, tmp_path, model, kl_weight=0.0, sft_weight=0.0)
    assert trained.logged("loss")[0] == pytest.approx(math.log(2), abs=1e-4)


def test_low_rank_training_is_refused(model):
    with pytest.raises(UnsupportedArchitectureError, match=r"LoRA does not train mixtures"):
        add_adapters(model, LoRA(rank=2, alpha=4), 0)


def test_only_experts_train_where_the_ffn_alone_trains(model, tmp_path):
    trained = train(ARMS["sn_tune"].plan(MASK, 0, {"neurons": 1.0}), tmp_path, model)
    freeze_report(trained.model, trained.before, ~MASK).check()
    before = dict(trained.before.named_parameters())
    moved = {n for n, p in trained.model.named_parameters() if not torch.equal(p, before[n])}
    assert moved == {
        f"model.layers.{layer}.mlp.experts.{name}"
        for layer in range(LAYERS)
        for name in ("gate_up_proj", "down_proj")
    }


def test_two_replicas_train_as_one_process_does(tmp_path):
    settings = {"plan": PLAN, "steps": 3, "batch_pairs": 4, "accumulation": 2}
    model = mixtures.build("mixtral")
    failure = train_in_two_processes({"replicas": {**settings, "model": model}}, tmp_path)
    alone = train(workdir=tmp_path / "alone", model=mixtures.build("mixtral"), **settings)
    found = []
    for file in sorted(tmp_path.glob("replicas-*.safetensors")):
        found.append(mixtures.build("mixtral"))
        load_model(found[-1], file)
    assert len(found) == 2, failure
    assert same_bits(*found)
    moved, _ = distance(alone.model, alone.before)
    assert distance(found[0], alone.model)[0] < 1e-3 * moved
    freeze_report(found[0], alone.before, MASK).check()


SIZES = Sizes(layers=1, neurons=EXPERTS * WIDTH, hidden=HIDDEN, experts=EXPERTS, width=WIDTH)
SHAPES = {
    "model.layers.0.mlp.experts.gate_up_proj": (EXPERTS, 2 * WIDTH, HIDDEN),
    "model.layers.0.mlp.experts.down_proj": (EXPERTS, HIDDEN, WIDTH),
    "model.layers.0.mlp.gate.weight": (EXPERTS, HIDDEN),
}


def test_the_tensors_of_experts_are_told_by_their_shapes():
    parts = expert_parts(SHAPES, SIZES)
    assert {name: (part.dim, part.times) for name, part in parts.items()} == {
        "model.layers.0.mlp.experts.gate_up_proj": (0, 2),
        "model.layers.0.mlp.experts.down_proj": (1, 1),
    }


@pytest.mark.parametrize(
    "changed",
    [
        {"model.layers.0.mlp.experts.bias": (EXPERTS, HIDDEN)},
        {"model.layers.0.mlp.experts.down_proj": (EXPERTS, WIDTH, HIDDEN)},
        {"model.layers.1.mlp.experts.down_proj": (EXPERTS, HIDDEN, WIDTH)},
        {"vision.layers.0.mlp.experts.down_proj": (EXPERTS, HIDDEN, WIDTH)},
    ],
    ids=["a bias", "transposed", "one layer more", "another stack"],
)
def test_other_tensors_of_experts_are_an_error(changed):
    with pytest.raises(UnaccountedNeuronsError):
        expert_parts(SHAPES | changed, SIZES)
