"""What an arm is: its parts, and the plan that they make of a round's identified neurons."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from safeneuron.alignment.parts import LossTerm, Schedule, Target, Trainable
from safeneuron.neurons.grid import all_present


@dataclass(frozen=True)
class Plan:
    """What one training does; masks are boolean [layers, neurons].

    Attributes:
        frozen: neurons whose gate row, up row and down column stay constant to the bit.
        zeroed: neurons that are zeroed in the policy's forward pass, never in the reference's.
        when: the steps in which they are.
        trains: what may move, but for what is frozen.
        loss: the terms of the loss, with `preference` among them.
    """

    frozen: np.ndarray
    zeroed: np.ndarray
    when: Schedule
    trains: Trainable
    loss: tuple[LossTerm, ...]


@dataclass(frozen=True)
class Arm:
    """How a model is aligned (paper §3.3): every part that one arm may have and another not.

    The neurons are identified anew before each round, by the workflow and alike for all arms.

    Attributes:
        frozen, zeroed: which neurons, of those that are identified.
        when: from `zeroing_probability` to the steps that zero.
        trains, loss: as in `Plan`.
    """

    frozen: Target
    zeroed: Target
    when: Callable[[float], Schedule]
    trains: Trainable
    loss: tuple[LossTerm, ...]

    def plan(
        self,
        identified: np.ndarray,
        seed: int,
        zeroing_probability: float,
        present: np.ndarray | None = None,
    ) -> Plan:
        """What a round does.

        Args:
            identified: boolean [layers, neurons].
            seed: the training's, of random neurons: those of later rounds hold those of earlier
                ones, and parts that are random draw the same ones.
            zeroing_probability: share of the steps that zero, in [0, 1].
            present: the neurons that there are, see `neurons.grid`; None for all.
        """
        grid = all_present(identified.shape) if present is None else present
        frozen, zeroed = (
            target(identified, grid, np.random.default_rng(seed))
            for target in (self.frozen, self.zeroed)
        )
        return Plan(frozen, zeroed, self.when(zeroing_probability), self.trains, self.loss)
