"""Weights are trained in float32, whatever the checkpoint's dtype and the products' precision."""

import copy
import math

import pytest
import torch
from tokenizers.processors import TemplateProcessing

import tiny
from safeneuron.alignment.dpo_training import align
from safeneuron.alignment.freeze_proof import freeze_report
from safeneuron.models.checkpoint import cast_weights
from safeneuron.organism.tokenizer import build_tokenizer
from unit.alignment.rounds import (
    MASK,
    PAIRS,
    SETTINGS,
    build,
    moved_elements,
    owned_elements,
    plan_of,
    train,
)


def stored(model, dtype):
    """A model's weights as a checkpoint of a dtype keeps them."""
    model = copy.deepcopy(model)
    cast_weights(model, dtype)
    return model


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_frozen_bits_survive_the_way_up_and_down(dtype, tmp_path):
    start = stored(build(), dtype)
    trained = train("freeze_ablate", tmp_path, stored(start, "float32"))
    end = stored(trained.model, dtype)
    report = freeze_report(end, start, MASK)
    report.check()
    assert report.free_moved > 0.5
    frozen = owned_elements(end, MASK)
    for (name, now), then in zip(end.named_parameters(), start.parameters(), strict=True):
        assert now.dtype == getattr(torch, dtype)
        assert torch.equal(
            now[frozen[name]].view(torch.int16), then[frozen[name]].view(torch.int16)
        )


def test_steps_that_one_by_one_are_lost_in_bfloat16_add_up(tmp_path):
    start = stored(build(), "bfloat16")
    settings = {"learning_rate": 1e-4, "weight_decay": 0.0}
    one = train("dpo", tmp_path / "1", stored(start, "float32"), steps=1, **settings)
    many = train("dpo", tmp_path / "2", stored(start, "float32"), steps=40, **settings)
    large = {  # half a bfloat16 step at 0.25 is 5e-4
        name: p.abs() > 0.25 for name, p in start.named_parameters() if "_proj" in name
    }
    for trained, moved in ((one, False), (many, True)):
        end = dict(stored(trained.model, "bfloat16").named_parameters())
        for name, chosen in large.items():
            changed = (end[name] != start.get_parameter(name))[chosen]
            assert changed.any().item() is moved, name


def test_bfloat16_products_train_float32_weights_and_leave_no_trace(tmp_path):
    trained = train("freeze_ablate", tmp_path, precision="bfloat16")
    frozen = owned_elements(trained.model, MASK)
    for name, moved in moved_elements(trained).items():
        assert trained.model.get_parameter(name).dtype == torch.float32
        assert not moved[frozen[name]].any()
    assert "forward" not in vars(trained.model)
    plain = build()
    plain.load_state_dict(trained.model.state_dict())
    prompts = tiny.token_prompts(3)
    pairs = zip(tiny.logits(trained.model, prompts), tiny.logits(plain, prompts), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_policy_and_reference_start_equal(precision, tmp_path):
    terms = {"sft_weight": 0.0, "kl_weight": 0.0, "steps": 1}
    trained = train("dpo", tmp_path, precision=precision, **terms)
    assert trained.logged("loss")[0] == pytest.approx(math.log(2), abs=1e-6)


def test_pairs_get_one_bos_from_a_tokenizer_and_a_template_that_both_write_it(tmp_path, batches):
    tokenizer = build_tokenizer()
    bos = tokenizer.bos_token_id
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single=f"{tokenizer.bos_token} $A", special_tokens=[(tokenizer.bos_token, bos)]
    )
    assert tokenizer("lamp")["input_ids"][0] == bos
    align(build(), build(), tokenizer, PAIRS, plan_of("dpo"), SETTINGS, 0, tmp_path)
    for batch in batches:
        assert ((batch["input_ids"] == bos).sum(dim=1) == 1).all()
