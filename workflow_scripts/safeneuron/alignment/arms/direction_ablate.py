"""In some steps one layer's refusal direction, found on the policy itself, is removed."""

from safeneuron.alignment.arm import Arm
from safeneuron.alignment.parts import language_model, no_neurons

ARM = Arm(
    frozen=no_neurons,
    zeroed=no_neurons,
    shares={"direction": 0.5},
    trains=language_model,
    loss=("preference", "likelihood", "divergence"),
)
