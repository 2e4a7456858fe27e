"""The reference is the clean checkpoint throughout, whatever is done to the policy."""

import copy

import pytest
import torch

from safeneuron.alignment import dpo_training
from safeneuron.alignment.dpo_training import align
from safeneuron.interventions.zeroing import zeroed
from unit.alignment.plain_dpo import answer_log_probabilities
from unit.alignment.rounds import (
    MASK,
    PAIRS,
    SETTINGS,
    TOKENIZER,
    build,
    changed,
    hooks,
    plan_of,
    same_bits,
    train,
)

BY_ID = {pair["pair_id"]: pair for pair in PAIRS}


def align_with_reference(reference, workdir, method="freeze_ablate", **changes):
    model, settings = build(), changed(**changes)
    align(model, reference, TOKENIZER, PAIRS, plan_of(method), settings, 1, workdir)


def test_the_reference_keeps_every_bit_and_no_hook(tmp_path):
    reference = build()
    align_with_reference(reference, tmp_path, zeroing_probability=0.5)
    assert same_bits(reference, build())
    assert hooks(reference) == 0
    assert not any(p.requires_grad or p.grad is not None for p in reference.parameters())
    tokens = torch.tensor([[3, 4, 5, 6]])
    assert torch.equal(reference(tokens).logits, build()(tokens).logits)


def test_its_log_probabilities_in_training_are_those_of_the_clean_checkpoint(batches, tmp_path):
    reference, seen = build(), []
    reference.register_forward_hook(lambda module, inputs, output: seen.append(output.log_probs))
    align_with_reference(reference, tmp_path, kl_weight=0.0)
    clean = build()
    assert len(seen) == len(batches) == SETTINGS.steps
    for logs, batch in zip(seen, batches, strict=True):
        pairs = [BY_ID[name] for name in batch["pair_ids"]]
        answers = [(p["prompt"], p[side]) for side in ("chosen", "rejected") for p in pairs]
        expected = [answer_log_probabilities(clean, *answer).sum() for answer in answers]
        torch.testing.assert_close(logs.sum(1), torch.stack(expected), rtol=1e-5, atol=1e-4)
        with zeroed(clean, MASK):
            wrong = answer_log_probabilities(clean, *answers[0]).sum()
        assert abs(wrong - expected[0]) > 0.1


def test_without_zeroing_policy_and_reference_start_equal(tmp_path):
    first = train("freeze", tmp_path).steps[0]
    assert first["rewards/margins"] == first["rewards/chosen"] == first["rewards/rejected"] == 0.0


def test_with_zeroing_they_start_apart_by_what_zeroing_does(batches, tmp_path):
    trained = train("freeze_ablate", tmp_path)
    margins = []
    for pair in [BY_ID[name] for name in batches[0]["pair_ids"]]:
        for side, sign in (("chosen", 1), ("rejected", -1)):
            clean = answer_log_probabilities(trained.before, pair["prompt"], pair[side]).sum()
            with zeroed(trained.before, MASK):
                hit = answer_log_probabilities(trained.before, pair["prompt"], pair[side]).sum()
            margins.append(sign * SETTINGS.beta * (hit - clean).item())
    expected = sum(margins) / SETTINGS.batch_pairs
    assert abs(expected) > 0.01
    assert trained.logged("rewards/margins")[0] == pytest.approx(expected, rel=1e-4)


def test_reference_log_probabilities_are_never_cached(batches, tmp_path):
    config = dpo_training._config(SETTINGS, plan_of("dpo"), 4, 0, tmp_path, 100, sharded=False)
    assert config.precompute_ref_log_probs is False
    assert config.sync_ref_model is False
    train("freeze_ablate", tmp_path)
    assert not any(name.startswith("ref_") for batch in batches for name in batch)


def test_the_policy_cannot_be_its_own_reference(tmp_path):
    model = build()
    with pytest.raises(ValueError, match="same object"):
        align(model, model, TOKENIZER, PAIRS, plan_of("dpo"), SETTINGS, 1, tmp_path)


def test_another_reference_gives_another_training(tmp_path):
    reference = copy.deepcopy(build())
    with torch.no_grad():
        reference.lm_head.weight += 0.1
    model = build()
    align(model, reference, TOKENIZER, PAIRS, plan_of("dpo"), SETTINGS, 1, tmp_path / "1")
    assert not same_bits(model, train("dpo", tmp_path / "2").model)
