"""Zeroed in the forward pass while training, not frozen."""

from safeneuron.alignment.arm import Arm
from safeneuron.alignment.parts import identified_neurons, language_model, no_neurons

ARM = Arm(
    frozen=no_neurons,
    zeroed=identified_neurons,
    shares={"neurons": 0.5},
    attacked="all",
    trains=language_model,
    loss=("preference", "likelihood", "divergence"),
)
