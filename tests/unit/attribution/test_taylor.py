"""Attributed log-odds against finite differences, neuron by neuron, by hooks of the test's own."""

import numpy as np
import pytest
import torch
from scipy.special import logsumexp

import families
import mixtures
import tiny
from safeneuron.attribution.taylor import taylor_scores
from safeneuron.models.site import UnsupportedArchitectureError
from safeneuron.models.sites import ffn_sites

PROMPTS = tiny.token_prompts(12, seed=5, longest=5)
GRID = [(layer, neuron) for layer in range(tiny.LAYERS) for neuron in range(tiny.NEURONS)]


def refusal_tokens(vocabulary):
    """A quarter of the words, by a fixed draw."""
    return np.random.default_rng(0).random(vocabulary) < 0.25


@torch.no_grad()
def mean_log_odds(model, prompts, refusal):
    """In float64, prompt by prompt and unpadded."""
    logits = [model(input_ids=torch.tensor([ids])).logits[0, -1].double() for ids in prompts]
    return np.mean([logsumexp(row[refusal]) - logsumexp(row[~refusal]) for row in np.array(logits)])


def difference(model, down, neuron, prompts, refusal, step):
    """What the log-odds fall by, by a unit of the neuron's share that is taken off all tokens."""
    found = []
    for scale in (1 + step, 1 - step):

        def scaled(_, args, scale=scale):
            factors = torch.ones_like(args[0])
            factors[..., neuron] = scale
            return (args[0] * factors,)

        hook = down.register_forward_pre_hook(scaled)
        found.append(mean_log_odds(model, prompts, refusal))
        hook.remove()
    return (found[0] - found[1]) / (2 * step)


def build_in_float64():
    """Transformers' own norms compute in float32, whatever the weights are."""
    model = tiny.build().double()
    for owner in (*model.model.layers, model.model):
        for name, module in list(owner.named_children()):
            if name.endswith("norm"):
                exact = torch.nn.RMSNorm(tiny.HIDDEN, module.variance_epsilon)
                setattr(owner, name, exact.double().requires_grad_(False))
    return model


def scores_of(model, batch_size, prompts=PROMPTS):
    vocabulary = model.get_input_embeddings().num_embeddings
    refusal = torch.from_numpy(refusal_tokens(vocabulary))
    return taylor_scores(model, prompts, refusal, batch_size).numpy()


def test_the_score_is_what_the_log_odds_fall_by_to_first_order():
    model = build_in_float64()
    refusal = refusal_tokens(tiny.VOCABULARY)
    downs = [layer.mlp.down_proj for layer in model.model.layers]
    expected = [difference(model, downs[layer], n, PROMPTS, refusal, 1e-4) for layer, n in GRID]
    found = scores_of(model, batch_size=3)
    np.testing.assert_allclose(found.ravel(), expected, rtol=1e-4, atol=1e-6)
    assert np.median(np.abs(expected)) > 1e-3
    assert min(found.max(), -found.min()) > 0.1


@pytest.mark.parametrize("name", families.FAMILIES)
def test_the_score_is_that_of_every_family(name):
    model = families.build(name).double()
    vocabulary = model.get_input_embeddings().num_embeddings
    refusal = refusal_tokens(vocabulary)
    found = scores_of(model, 2, PROMPTS[:3])
    for layer, neuron in ((0, 1), (0, 7), (families.LAYERS - 1, 3)):
        down = ffn_sites(model)[layer].module
        expected = difference(model, down, neuron, PROMPTS[:3], refusal, 2e-2)
        assert found[layer, neuron] == pytest.approx(expected, rel=2e-2, abs=2e-4)


def test_batches_change_nothing_but_the_last_digits():
    model = tiny.build()
    alone, together = (scores_of(model, size) for size in (1, len(PROMPTS)))
    np.testing.assert_allclose(alone, together, rtol=1e-3, atol=1e-6)
    assert np.array_equal(together, scores_of(model, len(PROMPTS)))


def test_a_sign_that_is_taken_back_and_a_scale_change_no_score():
    model = tiny.build().double()
    before = scores_of(model, 4)
    with torch.no_grad():
        mlp = model.model.layers[0].mlp
        mlp.up_proj.weight[3] *= -2
        mlp.down_proj.weight[:, 3] /= -2
    np.testing.assert_allclose(scores_of(model, 4), before, rtol=1e-4, atol=1e-7)


def test_the_model_stays_as_it_is_and_no_gradient_is_kept():
    model = tiny.build()
    model.lm_head.weight.requires_grad_(False)
    before = [p.clone() for p in model.parameters()]
    with torch.inference_mode(False):
        scores_of(model, 3)
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))
    assert [n for n, p in model.named_parameters() if not p.requires_grad] == ["lm_head.weight"]
    assert all(p.grad is None for p in model.parameters())
    assert not any(m._forward_pre_hooks for m in model.modules())


def test_a_mixture_of_experts_is_refused():
    with pytest.raises(UnsupportedArchitectureError, match="is a mixture of experts"):
        scores_of(mixtures.build(next(iter(mixtures.KINDS))), 2)
