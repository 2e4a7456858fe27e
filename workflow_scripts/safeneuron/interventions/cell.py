"""One variant of the model that an attack is made of."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from safeneuron.interventions.intervention import Intervention
from safeneuron.interventions.none import Untouched


@dataclass(frozen=True)
class Cell:
    """One variant of the model.

    Attributes:
        target: the criteria that chose the neurons, joined by `+`; what is acted on that are no
            neurons; `none` for the clean model.
        fraction: share of all neurons that was asked for; None for the set as identified.
        control_seed: of a random target matched to this one; None for the target itself.
        intervention: what is done to what.
    """

    target: str
    fraction: float | None
    control_seed: int | None
    intervention: Intervention

    @property
    def columns(self) -> dict[str, Any]:
        """The columns that say which cell a row is about, those of `schemas.CELL`."""
        return {
            "operator": self.intervention.operator.kind,
            "target": self.target,
            "fraction": self.fraction,
            "strength": self.intervention.strength,
            "control_seed": self.control_seed,
            "n_neurons": self.intervention.neurons,
        }


def clean_cell() -> Cell:
    """The model as it is (the paper's ORI)."""
    return Cell("none", None, None, Intervention(Untouched(), np.zeros((0, 0), dtype=bool)))


def with_controls(
    target: str,
    fraction: float | None,
    intervention: Intervention,
    seeds: Sequence[int],
    present: np.ndarray | None = None,
) -> Iterator[Cell]:
    """An attacked cell, followed by its controls: random targets of its size.

    Args:
        present: the neurons that there are, see `neurons.grid`; None for all.
    """
    yield Cell(target, fraction, None, intervention)
    for seed in seeds:
        rng = np.random.default_rng([seed, intervention.size])
        yield Cell(target, fraction, seed, intervention.control(rng, present))
