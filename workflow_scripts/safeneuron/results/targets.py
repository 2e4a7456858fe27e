"""Targets in the words of tables and figures that are read: the paper's attack levels.

The paper zeroes the neurons found by ES, by SAS, or by either (FULL), and calls the clean model
ORI.
"""

from collections.abc import Iterable, Mapping
from typing import Any

NEURONS = "neurons"
"""What the paper's attacks act on."""

INFERENCE_TIME = {"neurons": NEURONS, "direction": "direction", "prefill": "prefix"}
"""Kinds of attacks on a model as it is -> what the tables call that which they act on.

These, and no kind that trains on or changes weights for good, are what a worst case is taken over.
"""

BY_GRADIENT = ("taylor", "single")
"""Targets of attacks on neurons that no selection finds."""

_LEVELS = {"none": "ori", "es": "es", "sas": "sas"}


def level(target: str, targets: Iterable[str]) -> str:
    """The paper's level of a target; one that the paper does not have keeps its name.

    Args:
        targets: all of the attack.
    """
    if target in BY_GRADIENT:
        return target
    return _LEVELS.get(target) or ("full" if target == whole(targets) else target)


def whole(targets: Iterable[str]) -> str | None:
    """The target that holds all others of an attack, if there is one: the whole neuron set."""
    criteria = {target: frozenset(target.split("+")) for target in targets}
    everything = frozenset[str]().union(*criteria.values())
    return next((target for target, names in criteria.items() if names == everything), None)


def acted_on(row: Mapping[str, Any]) -> str:
    """What a row's attack acts on: `neurons`, or the target itself that is of another kind.

    Attacks on neurons, and only those, are by a selection, which has a pooling.
    """
    target: str = row["target"]
    return target if row["pooling"] is None else NEURONS


def attack_shown(row: Mapping[str, Any]) -> str:
    """The name of a row's attack; an operator's several strengths are attacks of their own."""
    attack: str = row["attack"]
    return attack if row["strength"] is None else f"{attack} {row['strength']:g}"
