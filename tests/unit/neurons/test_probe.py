"""The probe against an independent optimiser, and on data whose direction is known."""

import numpy as np
import pytest
import torch

from safeneuron.neurons.probe import fit_probe

PROMPTS, NEURONS = 60, 5


def prompts(seed=0, scale=1.0):
    """Activations of overlapping classes, and labels that a planted direction makes likely."""
    rng = np.random.default_rng(seed)
    activations = rng.normal(size=(PROMPTS, NEURONS)) * scale + 0.3 * scale
    direction = np.array([2.0, -1.0, 0.0, 0.0, 0.5]) / scale
    harmful = rng.random(PROMPTS) < 1 / (1 + np.exp(-activations @ direction))
    return torch.from_numpy(activations.astype(np.float32)), harmful


def newton(activations, harmful, l2):
    """The same optimum by Newton's method with the Hessian written out; the intercept is last."""
    features = np.column_stack([activations.double().numpy(), np.ones(len(harmful))])
    penalty = l2 * np.diag([1.0] * (features.shape[1] - 1) + [0.0])
    found = np.zeros(features.shape[1])
    for _ in range(50):
        share = 1 / (1 + np.exp(-features @ found))
        slope = features.T @ (share - harmful) / len(harmful) + penalty @ found
        curve = features.T @ (features * (share * (1 - share))[:, None]) / len(harmful) + penalty
        found -= np.linalg.solve(curve, slope)
    return found


@pytest.mark.parametrize("scale", [0.01, 1.0, 100.0])
@pytest.mark.parametrize("l2", [1e-3, 0.1])
def test_weights_are_those_of_newtons_method(l2, scale):
    activations, harmful = prompts(scale=scale)
    expected = newton(activations, harmful, l2)
    probe = fit_probe(activations, harmful, l2)
    tolerance = 1e-4 * np.abs(expected[:-1]).max()
    np.testing.assert_allclose(probe.weights, expected[:-1], rtol=0, atol=tolerance)
    right = (activations.double().numpy() @ expected[:-1] + expected[-1] > 0) == harmful
    assert probe.accuracy == right.mean()


def test_a_planted_direction_is_recovered():
    rng = np.random.default_rng(1)
    harmful = np.arange(400) % 2 == 0
    activations = rng.normal(size=(400, 200))
    activations[:, [7, 31]] += 1.5 * harmful[:, None]
    activations[:, 90] -= 1.5 * harmful
    probe = fit_probe(torch.from_numpy(activations), harmful, l2=0.01)
    assert set(np.argsort(probe.weights)[-2:]) == {7, 31}
    assert np.argmin(probe.weights) == 90
    assert probe.accuracy > 0.95


def test_separable_prompts_have_a_finite_probe():
    harmful = np.array([False, False, True, True])
    probe = fit_probe(torch.tensor([[-2.0], [-1.0], [1.0], [2.0]]), harmful, l2=1e-3)
    assert np.isfinite(probe.weights).all() and probe.weights[0] > 0
    assert probe.accuracy == 1.0


def test_silent_neurons_get_no_weight():
    probe = fit_probe(torch.zeros(4, 3), np.array([True, False, True, False]), l2=1e-3)
    assert (probe.weights == 0).all()


@pytest.mark.parametrize("kind", [True, False])
def test_one_kind_of_prompt_is_refused(kind):
    with pytest.raises(ValueError, match=r"of 4 prompts are harmful; both are needed"):
        fit_probe(torch.ones(4, 3), np.full(4, kind), l2=1e-3)


def test_activations_that_are_not_finite_are_refused():
    activations = torch.ones(4, 3)
    activations[2, 1] = torch.inf
    with pytest.raises(ValueError, match="not finite; try another dtype"):
        fit_probe(activations, np.array([True, False, True, False]), l2=1e-3)
