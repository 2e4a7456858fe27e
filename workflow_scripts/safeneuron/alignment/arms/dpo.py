"""Plain DPO."""

from safeneuron.alignment.arm import Arm
from safeneuron.alignment.parts import language_model, no_neurons

ARM = Arm(
    frozen=no_neurons,
    zeroed=no_neurons,
    shares={},
    attacked="all",
    trains=language_model,
    loss=("preference", "likelihood", "divergence"),
)
