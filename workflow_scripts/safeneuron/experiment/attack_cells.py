"""What an attack is made of to some extent: the settings of its cells, and how many these are."""

from typing import Any

from safeneuron.config.schema.attack import Attack
from safeneuron.config.schema.attacks.direction import DirectionAttack
from safeneuron.config.schema.attacks.fine_tuning import FineTuning
from safeneuron.config.schema.attacks.interpolate import InterpolateAttack
from safeneuron.config.schema.attacks.neurons import NeuronAttack
from safeneuron.config.schema.attacks.prefill import PrefillAttack
from safeneuron.config.schema.capability import Attacked
from safeneuron.config.schema.experiment import Config
from safeneuron.experiment import attribution
from safeneuron.experiment.attribution import Attributed

Extent = Attack | Attacked
"""How far an attack goes: in its own section, or in `capability.attacks`."""


def cells(config: Config, attack: str, extent: Extent) -> dict[str, Any]:
    """The cells of an attack to some extent."""
    of = config.attack.attacks[attack]
    control_seeds = list(range(extent.random_controls))
    if isinstance(of, DirectionAttack):
        return {"control_seeds": control_seeds, "operator": of.removal}
    if isinstance(of, PrefillAttack):
        return {
            "text": of.text,
            "ordinary": config.identification.safe.rows(),
            "control_seeds": control_seeds,
            "operator": {"kind": "prefill", "words": of.numbers},
        }
    if isinstance(of, Attributed):
        return attribution.cells(of, extent)
    if isinstance(of, InterpolateAttack | FineTuning):
        return {"control_seeds": control_seeds, "operator": of.operator}
    neurons = of_neurons(extent)
    return {
        "targets": neurons.targets_among(config.criteria_of(attack)),
        "fractions": neurons.fractions,
        "order": of.order,
        "control_seeds": control_seeds,
        "operator": of.operator.model_dump(),
    }


def cell_count(config: Config, attack: str, extent: Extent) -> int:
    """How many cells those are."""
    of = config.attack.attacks[attack]
    if isinstance(of, NeuronAttack):
        neurons = of_neurons(extent)
        targets = neurons.targets_among(config.criteria_of(attack))
        variants = len(targets) * (1 + len(neurons.fractions)) * len(of.operator.at_strengths())
    elif isinstance(of, Attributed):
        variants = attribution.variants(of, extent)
    else:
        variants = of.variants
    return variants * (1 + extent.random_controls)


def of_neurons(extent: Extent) -> NeuronAttack | Attacked:
    """How far an attack on neurons goes.

    Raises:
        ValueError: it is on something else.
    """
    if isinstance(extent, NeuronAttack | Attacked):
        return extent
    raise ValueError(f"an attack of kind '{extent.kind}' is not on neurons")
