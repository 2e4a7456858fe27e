"""All arms by name: a new one has a file of its name and a line in each list here.

The paper's text freezes the neurons; its Algorithm 1 also zeroes them in the forward pass while
training. The arms separate the two, each beside a control with as many random neurons per layer.
Those after them are trained against other attacks too (docs/defences.md).
"""

from typing import Literal

from safeneuron.alignment.arm import Arm
from safeneuron.alignment.arms import (
    ablate,
    ablate_all,
    direction_ablate,
    dpo,
    freeze,
    freeze_ablate,
    harden,
    random_ablate,
    random_freeze,
    recover,
    sn_tune,
)

Method = Literal[
    "dpo",
    "freeze",
    "freeze_ablate",
    "ablate",
    "random_freeze",
    "random_ablate",
    "sn_tune",
    "direction_ablate",
    "ablate_all",
    "recover",
    "harden",
]

_FILES = (
    *(dpo, freeze, freeze_ablate, ablate, random_freeze, random_ablate, sn_tune),
    *(direction_ablate, ablate_all, recover, harden),
)
ARMS: dict[str, Arm] = {file.__name__.rpartition(".")[2]: file.ARM for file in _FILES}

ABOUT = "What is frozen and what is simulated in training. " + " ".join(
    f"{name}: {file.__doc__}" for name, file in zip(ARMS, _FILES, strict=True)
)
"""What each arm does, for the configuration's readers."""
