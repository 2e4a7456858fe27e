"""The operator `pin_gap`: neurons held beyond what they are on safe prompts, away from unsafe ones.

A constant says little by itself, as neurons differ in scale: one that is 4 on unsafe prompts and 0
on safe ones is held at -4 or -40 (2605.08513 pins to constants that are found for each neuron).
"""

from typing import ClassVar, Literal

import numpy as np

from safeneuron.interventions.held import Held
from safeneuron.settings import Distinct


class PinGap(Held):
    """Neurons are held at their safe mean less so many times the gap to their unsafe mean.

    Means are of all neurons on unsafe and on safe prompts, [2, layers, neurons].
    """

    of_sides: ClassVar[tuple[int, ...]] = (2,)
    kind: Literal["pin_gap"] = "pin_gap"
    strengths: Distinct[float]

    def at_strengths(self) -> list[float | None]:
        """How many gaps."""
        return [*self.strengths]

    def constants(self, means: np.ndarray, strength: float | None) -> np.ndarray:
        """The safe mean - strength * (unsafe - safe mean)."""
        assert strength is not None  # it has no other
        unsafe, safe = means
        return safe - strength * (unsafe - safe)
