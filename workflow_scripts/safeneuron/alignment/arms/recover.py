"""Refusals are preferred behind words of the rejected answer too (Qi et al., 2024)."""

from safeneuron.alignment.arm import Arm
from safeneuron.alignment.parts import language_model, no_neurons

ARM = Arm(
    frozen=no_neurons,
    zeroed=no_neurons,
    shares={"prefill": 0.5},
    attacked="safety",
    trains=language_model,
    loss=("preference", "likelihood", "divergence"),
)
