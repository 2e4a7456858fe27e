"""Frozen, and zeroed in the forward pass while training: in every step, it is Algorithm 1."""

from safeneuron.alignment.arm import Arm
from safeneuron.alignment.parts import identified_neurons, language_model

ARM = Arm(
    frozen=identified_neurons,
    zeroed=identified_neurons,
    shares={"neurons": 0.5},
    attacked="all",
    trains=language_model,
    loss=("preference", "likelihood", "divergence"),
)
