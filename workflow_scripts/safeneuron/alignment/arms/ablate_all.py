"""`ablate` and `direction_ablate` in one, each for safety pairs alone; not frozen."""

from safeneuron.alignment.arm import Arm
from safeneuron.alignment.parts import identified_neurons, language_model, no_neurons

ARM = Arm(
    frozen=no_neurons,
    zeroed=identified_neurons,
    shares={"neurons": 0.35, "direction": 0.4},
    attacked="safety",
    trains=language_model,
    loss=("preference", "likelihood", "divergence"),
)
