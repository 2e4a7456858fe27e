"""Freezing with tied embeddings, accumulated gradients and recomputed activations."""

import pytest
import torch

from safeneuron.alignment.freeze_proof import freeze_report
from unit.alignment.rounds import MASK, build, moved_elements, owned_elements, train

EMBEDDINGS, HEAD = "model.embed_tokens.weight", "lm_head.weight"


def assert_frozen(trained):
    frozen = owned_elements(trained.model, MASK)
    for name, moved in moved_elements(trained).items():
        assert not moved[frozen[name]].any(), name
    freeze_report(trained.model, trained.before, MASK).check()


def distance(a, b):
    """Mean and largest absolute difference of two models' weights."""
    pairs = zip(a.parameters(), b.parameters(), strict=True)
    differences = torch.cat([(p - q).detach().abs().flatten() for p, q in pairs])
    return differences.mean().item(), differences.max().item()


@pytest.mark.parametrize("train_embeddings", [True, False])
@pytest.mark.parametrize("tied", [True, False])
def test_embeddings_train_only_if_asked_for(tied, train_embeddings, tmp_path):
    model = build(tie_word_embeddings=tied)
    trained = train("freeze_ablate", tmp_path, model, train_embeddings=train_embeddings)
    assert_frozen(trained)
    moved = moved_elements(trained)
    assert moved[EMBEDDINGS].any().item() is train_embeddings
    assert tied or moved[HEAD].float().mean() > 0.99  # a head of its own always trains
    head, embeddings = model.get_output_embeddings(), model.get_input_embeddings()
    assert (head.weight is embeddings.weight) is tied


def test_embeddings_never_train_with_neurons_only(tmp_path):
    model = build(tie_word_embeddings=True)
    trained = train("sn_tune", tmp_path, model, train_embeddings=True)
    assert not moved_elements(trained)[EMBEDDINGS].any()


def test_eight_pairs_at_once_are_two_times_four(tmp_path):
    terms = {"batch_pairs": 8, "sft_weight": 0.0, "kl_weight": 0.0}  # means over a batch's tokens
    whole = train("freeze_ablate", tmp_path / "1", **terms)
    parts = train("freeze_ablate", tmp_path / "2", **terms, accumulation=2)
    assert_frozen(whole)
    assert_frozen(parts)
    assert parts.logged("loss") == pytest.approx(whole.logged("loss"), rel=1e-4)
    moved, _ = distance(whole.model, whole.before)
    apart, _ = distance(whole.model, parts.model)
    assert 0 < apart < 1e-3 * moved


@pytest.mark.parametrize("accumulation", [1, 2])
def test_recomputing_activations_changes_no_weight(accumulation, tmp_path):
    terms = {"accumulation": accumulation, "zeroing_probability": 0.5}
    kept = train("freeze_ablate", tmp_path / "1", **terms)
    recomputed = train("freeze_ablate", tmp_path / "2", **terms, gradient_checkpointing=True)
    assert recomputed.model.is_gradient_checkpointing
    assert_frozen(recomputed)
    torch.testing.assert_close(recomputed.logged("loss"), kept.logged("loss"))
    assert distance(kept.model, recomputed.model)[1] < 1e-6


def test_neurons_alone_train_with_recomputed_activations_too(tmp_path):
    kept = train("sn_tune", tmp_path / "1")
    recomputed = train("sn_tune", tmp_path / "2", gradient_checkpointing=True)
    assert distance(kept.model, recomputed.model)[1] < 1e-6
