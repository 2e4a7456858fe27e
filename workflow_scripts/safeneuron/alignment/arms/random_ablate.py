"""Control of `ablate`: as many random neurons per layer are zeroed, in later rounds too."""

from safeneuron.alignment.arm import Arm
from safeneuron.alignment.parts import language_model, no_neurons, random_neurons, some_steps

ARM = Arm(
    frozen=no_neurons,
    zeroed=random_neurons,
    when=some_steps,
    trains=language_model,
    loss=("preference", "likelihood", "divergence"),
)
