"""In each step neurons are zeroed, a refusal direction is removed, or nothing is done."""

from safeneuron.alignment.arm import Arm
from safeneuron.alignment.parts import identified_neurons, language_model, no_neurons

ARM = Arm(
    frozen=no_neurons,
    zeroed=identified_neurons,
    shares={"neurons": 0.35, "direction": 0.35},
    trains=language_model,
    loss=("preference", "likelihood", "divergence"),
)
