"""Control of `freeze`: as many random neurons per layer are frozen, in later rounds too."""

from safeneuron.alignment.arm import Arm
from safeneuron.alignment.parts import language_model, no_neurons, random_neurons

ARM = Arm(
    frozen=random_neurons,
    zeroed=no_neurons,
    shares={},
    attacked="all",
    trains=language_model,
    loss=("preference", "likelihood", "divergence"),
)
