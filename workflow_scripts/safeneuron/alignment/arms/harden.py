"""`ablate_all` and `recover` in one: trained against all three kinds of attack."""

from safeneuron.alignment.arm import Arm
from safeneuron.alignment.parts import identified_neurons, language_model, no_neurons

ARM = Arm(
    frozen=no_neurons,
    zeroed=identified_neurons,
    shares={"neurons": 0.35, "direction": 0.4, "prefill": 0.5},
    attacked="safety",
    trains=language_model,
    loss=("preference", "likelihood", "divergence"),
)
