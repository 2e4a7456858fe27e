"""The paper's text: the identified neurons' weights are constant (Eq. 11)."""

from safeneuron.alignment.arm import Arm
from safeneuron.alignment.parts import identified_neurons, language_model, no_neurons

ARM = Arm(
    frozen=identified_neurons,
    zeroed=no_neurons,
    shares={},
    attacked="all",
    trains=language_model,
    loss=("preference", "likelihood", "divergence"),
)
