"""Control of `ablate`: as many random neurons per layer are zeroed, in later rounds too."""

from safeneuron.alignment.arm import Arm
from safeneuron.alignment.parts import language_model, no_neurons, random_neurons

ARM = Arm(
    frozen=no_neurons,
    zeroed=random_neurons,
    shares={"neurons": 0.5},
    attacked="all",
    trains=language_model,
    loss=("preference", "likelihood", "divergence"),
)
