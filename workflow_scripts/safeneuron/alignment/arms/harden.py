"""In each step neurons are zeroed, a direction is removed, words are forced, or nothing is done."""

from safeneuron.alignment.arm import Arm
from safeneuron.alignment.parts import identified_neurons, language_model, no_neurons

ARM = Arm(
    frozen=no_neurons,
    zeroed=identified_neurons,
    shares={"neurons": 0.3, "direction": 0.3, "prefill": 0.2},
    trains=language_model,
    loss=("preference", "likelihood", "divergence"),
)
