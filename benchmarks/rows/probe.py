"""How much faster a probe is fitted than by 5,000 epochs over all prompts, at equal AUC."""

from functools import partial
from pathlib import Path

import numpy as np
import torch
from benchmarks.figures import Found, Goal, figure
from benchmarks.measure import in_turns, ratio, spread

from safeneuron.neurons.probe import fit_probe

PROMPTS, NEURONS, LAYERS = 600, 512, 2  # of a layer; prompts for the fit, and as many to judge it
EPOCHS, RATE, L2 = 5_000, 1e-3, 1e-3


def layers(prompts: int = PROMPTS, neurons: int = NEURONS, seed: int = 0) -> torch.Tensor:
    """Activations of prompts, every other harmful, [layers, 2 * prompts, neurons]."""
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn(LAYERS, 2 * prompts, neurons, generator=generator)
    direction = torch.randn(LAYERS, 1, neurons, generator=generator) / neurons**0.5
    values[:, ::2] += 2 * direction
    return values


def harmful(prompts: int) -> np.ndarray:
    """Every other prompt, boolean [prompts]."""
    return np.arange(prompts) % 2 == 0


def ours(activations: torch.Tensor) -> np.ndarray:
    """Weights of every layer's probe, [layers, neurons]."""
    of = harmful(activations.shape[1])
    return np.stack([fit_probe(layer, of, L2).weights for layer in activations])


def full_batch_epochs(activations: torch.Tensor, epochs: int = EPOCHS) -> np.ndarray:
    """The same loss by Adam over all prompts at once, as NeuroStrike's code fits it."""
    labels = torch.from_numpy(harmful(activations.shape[1])).float()
    found = []
    for layer in activations:
        probe = torch.nn.Linear(layer.shape[1], 1)
        torch.nn.init.zeros_(probe.weight)
        adam = torch.optim.Adam(probe.parameters(), lr=RATE)
        for _ in range(epochs):
            adam.zero_grad()
            loss = torch.nn.functional.binary_cross_entropy_with_logits(probe(layer)[:, 0], labels)
            (loss + L2 / 2 * probe.weight.square().sum()).backward()
            adam.step()
        found.append(probe.weight.detach()[0].double().numpy())
    return np.stack(found)


def auc(weights: np.ndarray, activations: torch.Tensor) -> float:
    """The mean over layers of the chance that a harmful prompt is above a safe one."""
    of = harmful(activations.shape[1])
    areas = []
    for layer, direction in zip(activations.double().numpy(), weights, strict=True):
        margin = layer @ direction
        areas.append((margin[of][:, None] > margin[~of]).mean())
    return float(np.mean(areas))


def measured(manifest: Path | None) -> Found:
    """The row."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    both = layers()
    fitted, held_out = both[:, :PROMPTS].contiguous(), both[:, PROMPTS:]
    turns = in_turns({"ours": partial(ours, fitted), "epochs": partial(full_batch_epochs, fitted)})
    ours_auc, theirs = auc(ours(fitted), held_out), auc(full_batch_epochs(fitted), held_out)
    of = partial(figure, "probe")
    what = f"{PROMPTS} prompts, {NEURONS} neurons"
    return Found(
        [
            of(
                f"speed-up a layer, {what}",
                ratio(turns["epochs"], turns["ours"]),
                "x",
                Goal(at_least=20),
                baseline=f"{EPOCHS:,} epochs of Adam over all prompts",
                error=theirs - ours_auc,
                error_of=f"of AUC below theirs, {theirs:.3f}, on held-out prompts",
            ),
            of(f"{LAYERS} layers, {what}", spread(turns["ours"]), "s"),
        ]
    )
