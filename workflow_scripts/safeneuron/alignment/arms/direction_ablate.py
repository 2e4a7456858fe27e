"""Refusal directions of the policy itself are removed from the passes of safety pairs."""

from safeneuron.alignment.arm import Arm
from safeneuron.alignment.parts import language_model, no_neurons

ARM = Arm(
    frozen=no_neurons,
    zeroed=no_neurons,
    shares={"direction": 0.4},
    attacked="safety",
    trains=language_model,
    loss=("preference", "likelihood", "divergence"),
)
