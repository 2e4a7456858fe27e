"""The opposite of `freeze`: only the identified neurons train (Zhao et al., 2025)."""

from safeneuron.alignment.arm import Arm
from safeneuron.alignment.parts import all_others, ffn_weights, no_neurons

ARM = Arm(
    frozen=all_others,
    zeroed=no_neurons,
    shares={},
    attacked="all",
    trains=ffn_weights,
    loss=("preference", "likelihood", "divergence"),
)
