"""In some steps the refusal comes behind the rejected answer's first words (Qi et al., 2024)."""

from safeneuron.alignment.arm import Arm
from safeneuron.alignment.parts import language_model, no_neurons

ARM = Arm(
    frozen=no_neurons,
    zeroed=no_neurons,
    shares={"prefill": 0.5},
    trains=language_model,
    loss=("preference", "likelihood", "divergence"),
)
