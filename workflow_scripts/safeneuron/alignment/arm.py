"""What an arm is: its parts, and the plan that they make of a round's identified neurons."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from safeneuron.alignment.parts import (
    Asked,
    LossTerm,
    Simulation,
    Target,
    Trainable,
    drawn,
    drawn_length,
    identified_neurons,
)


@dataclass(frozen=True)
class Plan:
    """What one training does; masks are boolean [layers, neurons].

    Attributes:
        frozen: neurons whose gate row, up row and down column stay constant to the bit.
        zeroed: neurons that are zeroed in the policy's forward pass, never in the reference's.
        shares: of the steps, for each attack that is made in some of them.
        trains: what may move, but for what is frozen.
        loss: the terms of the loss, with `preference` among them.
        asked: what refusal directions are found with; None if none is removed.
        prefill_tokens: the largest number of forced tokens.
    """

    frozen: np.ndarray
    zeroed: np.ndarray
    shares: Mapping[Simulation, float]
    trains: Trainable
    loss: tuple[LossTerm, ...]
    asked: Asked | None = None
    prefill_tokens: int = 0

    def simulated(self, seed: int, step: int) -> Simulation | None:
        """The attack that is made in a step, by a draw of (seed, step) alone; None in most."""
        return drawn(self.shares, seed, step)

    def forced_tokens(self, seed: int, step: int) -> int:
        """How many tokens of the rejected answer are forced in a step; 0 where none are."""
        if self.simulated(seed, step) != "prefill":
            return 0
        return drawn_length(self.prefill_tokens, seed, step)


@dataclass(frozen=True)
class Arm:
    """How a model is aligned (paper §3.3): every part that one arm may have and another not.

    The neurons are identified anew before each round, by the workflow and alike for all arms.

    Attributes:
        frozen, zeroed: which neurons, of those that are identified.
        shares: of the steps, at most 1 together, in which each attack is made if the configuration
            does not say it: neurons are zeroed, a refusal direction is removed, or the first words
            of the rejected answer are forced. A step has one of them or none.
        trains, loss: as in `Plan`.
    """

    frozen: Target
    zeroed: Target
    shares: Mapping[Simulation, float]
    trains: Trainable
    loss: tuple[LossTerm, ...]

    @property
    def simulates(self) -> tuple[Simulation, ...]:
        """The attacks that the arm is trained against; it has not seen those of other kinds.

        Zeroing random neurons is no attack.
        """
        return tuple(
            attack
            for attack in self.shares
            if attack != "neurons" or self.zeroed is identified_neurons
        )

    def plan(
        self,
        identified: np.ndarray,
        seed: int,
        shares: Mapping[Simulation, float],
        asked: Asked | None = None,
        prefill_tokens: int = 0,
    ) -> Plan:
        """What a round does.

        Args:
            identified: boolean [layers, neurons].
            seed: the training's, of random neurons: those of later rounds hold those of earlier
                ones, and parts that are random draw the same ones.
            shares: of the steps, for each attack; those that are none of the arm's are left out.
            asked, prefill_tokens: as in `Plan`.
        """
        frozen, zeroed = (
            target(identified, np.random.default_rng(seed)) for target in (self.frozen, self.zeroed)
        )
        made = {attack: shares[attack] for attack in self.shares}
        return Plan(frozen, zeroed, made, self.trains, self.loss, asked, prefill_tokens)
