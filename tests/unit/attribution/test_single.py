"""One neuron by gradient times gap, tried: a planted one is found, and all numbers by hand."""

import numpy as np
import pytest
import torch
from scipy.special import log_softmax, logsumexp

import tiny
from safeneuron.attribution.settings import SingleSearch
from safeneuron.attribution.single import (
    Gaps,
    NoCandidateError,
    candidates,
    common_end,
    gradient_gaps,
    single_neuron,
)
from safeneuron.models.first_tokens import Halves

LAYERS, REFUSAL = 3, 9
PLANTED = (1, 20)
END = [7, 8]  # what a template would end every prompt in
PROMPTS = [[*ids, *END] for ids in tiny.token_prompts(80, seed=3, longest=6)]


def search(**changes):
    return SingleSearch(**{"strengths": [1.0, 4.0], "max_kl": 1e9, "skip_last": 0.34, **changes})


def last_activations(model, prompts, tail=1):
    """[prompts, layers, tail, neurons], of the tokens that end the prompts."""
    recorded = tiny.recorded_activations(model, prompts)
    return np.array([[layer[-tail:] for layer in of_prompt] for of_prompt in recorded])


@pytest.fixture(scope="module")
def model():
    """A model whose planted neuron writes what `REFUSAL` is said by; all others write little."""
    model = tiny.build(layers=LAYERS, tie_word_embeddings=False)
    with torch.no_grad():
        layer, neuron = PLANTED
        for one in model.model.layers:
            one.mlp.down_proj.weight *= 0.05
        of_refusal = model.lm_head.weight[REFUSAL]
        model.model.layers[layer].mlp.down_proj.weight[:, neuron] = 3 * of_refusal
    return model


@pytest.fixture(scope="module")
def sides(model):
    """Unsafe prompts at whose end the planted neuron is large, and safe ones where it is not."""
    layer, neuron = PLANTED
    at_end = last_activations(model, PROMPTS)[:, layer, 0, neuron]
    order = np.argsort(at_end)
    large = [PROMPTS[i] for i in order[-24:]]
    small = [PROMPTS[i] for i in np.argsort(abs(at_end))[:24]]
    return Halves(large[::2], large[1::2]), Halves(small[::2], small[1::2])


def found(model, sides, settings, batch_size=8):
    return single_neuron(model, *sides, settings, batch_size, tiny.PAD)


def chosen(rows):
    (row,) = (row for row in rows if row["chosen"])
    return row


def test_the_planted_neuron_is_found(model, sides):
    result = found(model, sides, search())
    row = chosen(result.rows)
    assert (row["layer"], row["neuron"]) == PLANTED
    assert row["log_odds"] < result.clean_log_odds - 1
    assert len(result.rows) == 5 * 3


def test_without_its_layer_it_is_not_found(model, sides):
    """What makes the test above one of the neuron: the search can choose others."""
    rows = found(model, sides, search(skip_last=0.67)).rows
    assert {row["layer"] for row in rows} == {0}


def first_tokens(model, prompts, place=None, value=None):
    """Log-probabilities by a hook of the test's own that holds one neuron at a constant."""

    def hold(_, args):
        changed = args[0].clone()
        changed[..., place[1]] = value
        return (changed,)

    down = model.model.layers[place[0]].mlp.down_proj if place else torch.nn.Identity()
    hook = down.register_forward_pre_hook(hold)
    logits = [out[0, -1].double().numpy() for out in tiny.logits(model, prompts)]
    hook.remove()
    return log_softmax(np.array(logits), axis=-1)


def refusal_tokens(model, sides):
    often = [np.exp(first_tokens(model, side.choose)).mean(axis=0) for side in sides]
    return often[0] > often[1]


@pytest.mark.parametrize("max_kl", [1e9, 0.05], ids=["any", "bound"])
def test_each_candidate_is_tried_as_by_hand_and_the_best_is_chosen(model, sides, max_kl):
    result = found(model, sides, search(max_kl=max_kl))
    unsafe, safe = sides
    refusal, clean = refusal_tokens(model, sides), first_tokens(model, safe.choose)
    for row in result.rows:
        place = row["layer"], row["neuron"]
        gap = result.gaps.unsafe[place] - result.gaps.safe[place]
        zero = row["operator"] == "zero_ablate"
        value = 0.0 if zero else result.gaps.safe[place] - row["strength"] * gap
        on_unsafe = first_tokens(model, unsafe.choose, place, value)
        on_safe = first_tokens(model, safe.choose, place, value)
        odds = logsumexp(on_unsafe[:, refusal], axis=1) - logsumexp(on_unsafe[:, ~refusal], axis=1)
        assert row["log_odds"] == pytest.approx(odds.mean(), abs=1e-3)
        kl = (np.exp(clean) * (clean - on_safe)).sum(axis=1).mean()
        assert row["kl"] == pytest.approx(kl, rel=1e-2, abs=1e-4)
        assert row["within"] == (kl <= max_kl)
    within = [row for row in result.rows if row["within"]]
    assert within
    assert chosen(result.rows) == min(within, key=lambda row: row["log_odds"])
    assert (len(within) < len(result.rows)) == (max_kl < 1)


def gaps_by_hand(model, unsafe, safe, refusal):
    """Gradients prompt by prompt, by hooks of the test's own."""
    means, gradients = [], []
    for prompts in (unsafe, safe):
        of_side, by_side = [], []
        for ids in prompts:
            kept = []

            def keep(_, args, kept=kept):
                args[0].retain_grad()
                kept.append(args[0])

            hooks = [
                layer.mlp.down_proj.register_forward_pre_hook(keep) for layer in model.model.layers
            ]
            logits = model(input_ids=torch.tensor([ids])).logits[0, -1]
            (logits[refusal].logsumexp(0) - logits[~refusal].logsumexp(0)).backward()
            for hook in hooks:
                hook.remove()
            of_side.append([a[0, -len(END) :].detach().numpy() for a in kept])
            by_side.append([a.grad[0, -len(END) :].numpy() for a in kept])
        means.append(np.mean(of_side, axis=0, dtype=float))
        gradients.append(np.mean(by_side, axis=0, dtype=float))
    model.zero_grad()
    scores = sum(gradients) * (means[0] - means[1])
    layer, neuron = np.indices((LAYERS, tiny.NEURONS))
    best = scores.argmax(axis=1)
    return [of[layer, best, neuron] for of in (scores, *means)]


@pytest.mark.parametrize("batch_size", [1, 5, 64])
def test_scores_and_means_are_gradient_times_gap_by_hand(model, sides, batch_size):
    refusal = torch.from_numpy(refusal_tokens(model, sides))
    unsafe, safe = (side.estimate for side in sides)
    expected = gaps_by_hand(model, unsafe, safe, refusal)
    result = gradient_gaps(model, unsafe, safe, refusal, batch_size)
    for of, by_hand in zip(result, expected, strict=True):
        np.testing.assert_allclose(of, by_hand, rtol=1e-3, atol=1e-5)


def test_candidates_are_the_highest_that_are_larger_on_unsafe_prompts_but_for_the_last_layers():
    score = np.array([[1.0, 5, 3, 0], [9, 4, -1, 2], [8, 8, 8, 8]])
    unsafe, safe = np.full((3, 4), -2.0), np.ones((3, 4))
    unsafe[1, 0] = 0.5
    gaps = Gaps(score, unsafe, safe)
    assert candidates(gaps, search(candidates=3)) == [(0, 1), (1, 1), (0, 2)]
    assert candidates(gaps, search(candidates=100, skip_last=0.67)) == [(0, 1), (0, 2), (0, 0)]
    assert candidates(gaps, search(candidates=2, skip_last=0.0)) == [(2, 0), (2, 1)]


def test_where_no_neuron_lifts_a_refusal_there_is_no_candidate():
    nothing = np.zeros((2, 3))
    with pytest.raises(NoCandidateError, match="take the attack off this model"):
        candidates(Gaps(nothing, nothing, nothing), search())


def test_what_ends_all_prompts_is_what_the_template_adds():
    assert common_end(PROMPTS) == 2
    assert common_end([[1, 2], [3, 1, 2], [2, 1, 2]]) == 2
    assert common_end([[1], [2]]) == 1
