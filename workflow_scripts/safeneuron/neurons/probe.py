"""A logistic regression of harmful against safe prompts on one layer's neurons.

As in NeuroStrike's public code, with these departures: the activations are those of this project's
neurons (the input of `down_proj`, not the outputs of gate and up projection), padding is not
pooled, and the fit runs to its optimum, where the code stops Adam after 5,000 epochs.
"""

from typing import NamedTuple

import numpy as np
import torch
from scipy.optimize import minimize

_MAX_ITERATIONS = 10_000
_STOP_AT, _ACCEPT = 1e-6, 1e-4  # largest component of the gradient, features of scale 1


class Probe(NamedTuple):
    """A fitted probe.

    Attributes:
        weights: float64 [neurons], in log-odds per unit of activation.
        accuracy: share of the prompts it was fitted on that it tells right.
        iterations: of L-BFGS.
    """

    weights: np.ndarray
    accuracy: float
    iterations: int


def fit_probe(activations: torch.Tensor, harmful: np.ndarray, l2: float) -> Probe:
    """Minimise mean cross-entropy + l2 / 2 * |weights|^2; the intercept is not penalised.

    The problem is strictly convex: its one solution does not depend on how it is found. Products
    with the activations are in float64 where the activations lie.

    Args:
        activations: [prompts, neurons].
        harmful: boolean [prompts], both kinds present.
        l2: above 0.

    Raises:
        ValueError: activations are not finite, one kind of prompt is missing, or the fit has not
            converged.
    """
    if harmful.all() or not harmful.any():
        raise ValueError(f"{harmful.sum()} of {harmful.size} prompts are harmful; both are needed")
    features = activations.double()
    scale = features.square().mean().sqrt().item()
    if not np.isfinite(scale):
        raise ValueError("activations that are not finite; try another dtype for the model")
    scale = scale or 1.0
    features = features / scale
    penalty = l2 / scale**2
    sign = torch.where(torch.from_numpy(harmful), 1.0, -1.0).double().to(features.device)

    def loss_and_gradient(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        weights = torch.from_numpy(parameters[:-1]).to(features.device)
        margin = sign * (features @ weights + parameters[-1])
        pull = -sign * torch.sigmoid(-margin) / len(sign)
        loss = torch.nn.functional.softplus(-margin).mean() + penalty / 2 * weights @ weights
        slope = pull @ features + penalty * weights
        return loss.item(), np.append(slope.cpu().numpy(), pull.sum().item())

    found = minimize(
        loss_and_gradient,
        np.zeros(features.shape[1] + 1),
        jac=True,
        method="L-BFGS-B",
        options={
            "maxiter": _MAX_ITERATIONS,
            "maxfun": 2 * _MAX_ITERATIONS,
            "ftol": 0.0,
            "gtol": _STOP_AT,
        },
    )
    steepest = np.abs(found.jac).max()
    if steepest > _ACCEPT:
        raise ValueError(
            f"the probe has not converged in {found.nit} iterations (largest slope "
            f"{steepest:.1e}); a larger l2 than {l2:g} makes it easier"
        )
    weights = torch.from_numpy(found.x[:-1]).to(features.device)
    right = sign * (features @ weights + found.x[-1]) > 0
    return Probe(found.x[:-1] / scale, right.double().mean().item(), found.nit)
