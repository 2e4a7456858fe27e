"""Low-rank training: what trains, and that frozen neurons are constant in the merged weights."""

import copy

import numpy as np
import pytest
import torch

import families
from safeneuron.alignment import lora
from safeneuron.alignment.freeze_proof import FreezeViolationError, freeze_report
from safeneuron.alignment.freezing import FrozenSlices
from safeneuron.alignment.lora import add_adapters, frozen_adapters, merge_adapters
from safeneuron.alignment.settings import LoRA
from safeneuron.interventions.zeroing import Zeroing
from unit.alignment.rounds import (
    MASK,
    build,
    hooks,
    moved_elements,
    owned_elements,
    plan_of,
    same_bits,
    train,
)

LOW_RANK = LoRA(rank=4, alpha=8)
TOKENS = torch.tensor([[3, 4, 5, 6, 7]])


def rank_of_change(trained, name):
    change = trained.model.get_parameter(name) - trained.before.get_parameter(name)
    return torch.linalg.matrix_rank(change.detach().double(), rtol=1e-5).item()


def test_adapters_sit_on_the_decoders_linear_layers_and_change_nothing():
    model = build()
    wrapped = add_adapters(model, LOW_RANK, seed=0)
    trainable = {n.split(".lora_")[0] for n, p in wrapped.named_parameters() if p.requires_grad}
    layers = [n for n, m in build().named_modules() if isinstance(m, torch.nn.Linear)]
    assert trainable == {f"base_model.model.{n}" for n in layers if n != "lm_head"}
    assert torch.equal(model(TOKENS).logits, build()(TOKENS).logits)


@pytest.mark.parametrize("family", ["llama", "phi3"])
@pytest.mark.parametrize("checkpointing", [False, True])
def test_frozen_bits_are_exact_in_the_merged_weights_and_the_rest_moves(
    family, checkpointing, tmp_path
):
    model = build(family)
    with torch.no_grad():
        for name, elements in owned_elements(model, MASK).items():
            model.get_parameter(name)[elements] *= torch.where(elements[elements], -0.0, 1.0)
    trained = train(
        "freeze_ablate", tmp_path, model, lora=LOW_RANK, gradient_checkpointing=checkpointing
    )
    freeze_report(trained.model, trained.before, MASK).check()
    frozen = owned_elements(trained.model, MASK)
    for name, moved in moved_elements(trained).items():
        assert not moved[frozen[name]].any(), name
        assert moved.any().item() is ("_proj" in name), name
    assert not any("lora" in name for name, _ in trained.model.named_modules())
    assert hooks(trained.model) == 0
    assert rank_of_change(trained, "model.layers.0.mlp.down_proj.weight") == LOW_RANK.rank


def test_frozen_bits_are_exact_in_weights_of_columns_first(tmp_path):
    model = families.build("gpt2")
    trained = train("freeze", tmp_path, model, lora=LOW_RANK)
    report = freeze_report(trained.model, trained.before, MASK)
    report.check()
    assert report.frozen_elements == MASK.sum() * (2 * families.HIDDEN + 1)
    assert rank_of_change(trained, "transformer.h.0.mlp.c_fc.weight") == LOW_RANK.rank


def test_the_reference_is_the_model_without_adapters(tmp_path):
    trained = train("dpo", tmp_path, lora=LOW_RANK, kl_weight=0.0, sft_weight=0.0)
    assert trained.logged("loss")[0] == pytest.approx(np.log(2), abs=1e-6)


def test_zeroed_neurons_are_out_of_the_adapters_too():
    model = build()
    wrapped = add_adapters(model, LOW_RANK, seed=0)
    with torch.no_grad():
        for name, parameter in wrapped.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(parameter, std=0.1)
    merged = copy.deepcopy(wrapped).merge_and_unload()
    with torch.no_grad():
        for name, elements in owned_elements(merged, MASK).items():
            if "down_proj" in name:
                merged.get_parameter(name)[elements] = 0
    zeroing = Zeroing(model, MASK)
    zeroing.active = True
    torch.testing.assert_close(model(TOKENS).logits, merged(TOKENS).logits)
    zeroing.remove()


def test_the_matrices_that_move_frozen_neurons_are_zero_from_the_start_and_stay():
    model = build()
    wrapped = add_adapters(model, LOW_RANK, seed=0)
    frozen = frozen_adapters(model, MASK)
    owned = [(p, index) for p, index in lora._adapter_slices(model, MASK)]
    assert len(owned) == 3 * len(MASK)
    optimizer = torch.optim.AdamW([p for p in wrapped.parameters() if p.requires_grad], lr=0.1)
    for _ in range(2):
        wrapped(TOKENS, labels=TOKENS).loss.backward()
        optimizer.step()
        frozen.restore()
        assert not any(p[index].any() for p, index in owned)
    assert all(p.any() for p, _ in owned)


@pytest.mark.parametrize("broken", ["masking", "zero columns"])
def test_an_adapter_that_moves_a_frozen_neuron_is_found_when_it_is_merged(
    broken, monkeypatch, tmp_path
):
    def held(model, mask):
        if broken == "zero columns":
            return FrozenSlices(lora._adapter_slices(model, mask))
        slices = frozen_adapters(model, mask)
        slices.release()
        slices.restore = lambda: None
        return slices

    monkeypatch.setattr("safeneuron.alignment.dpo_training.frozen_adapters", held)
    with pytest.raises(FreezeViolationError, match="adapters moved frozen weights"):
        train("freeze", tmp_path, lora=LOW_RANK)


def test_a_mask_that_is_off_by_one_neuron_is_found(tmp_path):
    shifted = plan_of("freeze", frozen=np.roll(MASK, 1, axis=1))
    trained = train(shifted, tmp_path, lora=LOW_RANK)
    freeze_report(trained.model, trained.before, shifted.frozen).check()
    with pytest.raises(FreezeViolationError, match="frozen weights moved"):
        freeze_report(trained.model, trained.before, MASK).check()


def test_merging_what_did_not_train_changes_no_bit():
    model = build()
    merge_adapters(add_adapters(model, LOW_RANK, seed=0), np.ones_like(MASK))
    assert same_bits(model, build())
