"""What an arm is: its parts, and the plan that they make of a round's identified neurons."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from safeneuron.alignment.parts import (
    Asked,
    Attacked,
    Forced,
    LossTerm,
    Simulation,
    Target,
    Trainable,
    identified_neurons,
)
from safeneuron.neurons.grid import all_present

FRAGMENTS = 0.5
"""Share of the forced words that are from anywhere in the rejected answer, and not its first."""


@dataclass(frozen=True)
class Plan:
    """What one training does; masks are boolean [layers, neurons].

    Attributes:
        frozen: neurons whose gate row, up row and down column stay constant to the bit.
        zeroed: neurons that are zeroed in the policy's forward pass, never in the reference's.
        shares: of the steps in which neurons are zeroed and those in which directions are removed,
            and of the safety pairs behind whose prompt words are forced.
        attacked: the pairs whose passes are attacked; words are forced on safety pairs alone.
        trains: what may move, but for what is frozen.
        loss: the terms of the loss, with `preference` among them.
        asked: what refusal directions are found with; None if none is removed.
        prefill_tokens: the largest number of forced tokens.
    """

    frozen: np.ndarray
    zeroed: np.ndarray
    shares: Mapping[Simulation, float]
    attacked: Attacked
    trains: Trainable
    loss: tuple[LossTerm, ...]
    asked: Asked | None = None
    prefill_tokens: int = 0

    def zeroes(self, seed: int, step: int) -> bool:
        """Whether neurons are zeroed in a step, by a draw of (seed, step) alone."""
        return _drawn(self.shares.get("neurons", 0.0), seed, step)

    def removes_directions(self, seed: int, step: int) -> bool:
        """Whether refusal directions are removed in a step, by another such draw."""
        return _drawn(self.shares.get("direction", 0.0), seed, step, 1)

    def forced_words(self, seed: int, step: int, pair_id: str) -> Forced:
        """Which tokens of a safety pair's rejected answer are forced in a step.

        By a draw of (seed, step, pair) alone, whatever batch the pair is in: for half of the pairs
        the first ones, for the others some from anywhere.
        """
        rng = np.random.default_rng([seed, step, 4, zlib.crc32(pair_id.encode())])
        if rng.random() >= self.shares.get("prefill", 0.0):
            return Forced(0, 0.0)
        tokens = 1 + int(rng.integers(self.prefill_tokens))
        return Forced(tokens, float(rng.random()) if rng.random() < FRAGMENTS else 0.0)


def _drawn(share: float, *numbers: int) -> bool:
    return bool(np.random.default_rng(numbers).random() < share)


@dataclass(frozen=True)
class Arm:
    """How a model is aligned (paper §3.3): every part that one arm may have and another not.

    The neurons are identified anew before each round, by the workflow and alike for all arms.

    Attributes:
        frozen, zeroed: which neurons, of those that are identified.
        shares: as in `Plan`, each if the configuration does not say it; those of attacks that the
            arm does not simulate are not there.
        attacked, trains, loss: as in `Plan`.
    """

    frozen: Target
    zeroed: Target
    shares: Mapping[Simulation, float]
    attacked: Attacked
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
        present: np.ndarray | None = None,
    ) -> Plan:
        """What a round does.

        Args:
            identified: boolean [layers, neurons].
            seed: the training's, of random neurons: those of later rounds hold those of earlier
                ones, and parts that are random draw the same ones.
            shares: of each attack; those of attacks that the arm does not simulate are left out.
            asked, prefill_tokens: as in `Plan`.
            present: the neurons that there are, see `neurons.grid`; None for all.
        """
        grid = all_present(identified.shape) if present is None else present
        frozen, zeroed = (
            target(identified, grid, np.random.default_rng(seed))
            for target in (self.frozen, self.zeroed)
        )
        made = {attack: shares[attack] for attack in self.shares}
        how = (self.attacked, self.trains, self.loss)
        return Plan(frozen, zeroed, made, *how, asked, prefill_tokens)
