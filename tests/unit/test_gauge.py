"""The sign of a neuron is a choice of gauge: what must not depend on it, and what does.

Negating an `up` row together with its `down` column leaves the model's function as it was.
"""

import numpy as np
import pytest
import torch

import tiny
from safeneuron.capture.capture import capture_moments
from safeneuron.capture.pooling import POOLINGS
from safeneuron.models.sites import ffn_sites
from safeneuron.neurons.criteria.registry import Thresholds
from safeneuron.neurons.scores import score
from safeneuron.neurons.selection import select
from safeneuron.neurons.settings import Fraction

UNSAFE, SAFE = tiny.token_prompts(12, seed=1), tiny.token_prompts(15, seed=2)
FLIPPED = tiny.random_mask(seed=3, share=0.5)
RULES = (
    Fraction(fraction=0.1),
    Thresholds(es=0.5, sas=1.0),
)


@torch.no_grad()
def flip_signs(model):
    for site, row in zip(ffn_sites(model), FLIPPED, strict=True):
        signs = torch.tensor(np.where(row, -1.0, 1.0), dtype=torch.float32)
        site.inward[-1].weight[-site.neurons :] *= signs[:, None]  # the up rows, also where fused
        site.down.weight *= signs


def selected(model, pooling, rule):
    unsafe, safe = (
        capture_moments(model, prompts, [pooling], 8, tiny.PAD)[pooling]
        for prompts in (UNSAFE, SAFE)
    )
    return select(score(unsafe, safe), ["es", "sas"], rule)


@pytest.fixture(scope="module", params=tiny.FAMILIES)
def models(request):
    """A model and the same model with the signs of half of its neurons flipped."""
    model, flipped = tiny.build(request.param), tiny.build(request.param)
    flip_signs(flipped)
    return model, flipped


def test_sign_flips_change_no_logit(models):
    model, flipped = models
    for a, b in zip(tiny.logits(model, UNSAFE), tiny.logits(flipped, UNSAFE), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.kind)
@pytest.mark.parametrize("pooling", [p for p in POOLINGS if p.endswith("abs")])
def test_sets_by_magnitude_do_not_change_under_sign_flips(models, pooling, rule):
    one, other = (selected(model, pooling, rule) for model in models)
    for name in ("es", "sas"):
        np.testing.assert_array_equal(one[name], other[name])


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.kind)
@pytest.mark.parametrize("pooling", [p for p in POOLINGS if not p.endswith("abs")])
def test_sets_by_signed_activation_do_change_under_sign_flips(models, pooling, rule):
    one, other = (selected(model, pooling, rule) for model in models)
    one, other = (masks["es"] | masks["sas"] for masks in (one, other))
    assert (one & other).sum() < 0.9 * one.sum()
