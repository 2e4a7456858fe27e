"""Attacks on neurons that stages of their own find: from which files, in how many cells.

By the gradient of a refusal (`taylor`, and the one of `single`), and anew while those before are
zero (`iterative`).
"""

from typing import Any

from safeneuron.config.schema.attack import Attack
from safeneuron.config.schema.attacks.iterative import IterativeAttack
from safeneuron.config.schema.attacks.single import SingleAttack
from safeneuron.config.schema.attacks.taylor import TaylorAttack
from safeneuron.config.schema.capability import Attacked
from safeneuron.config.schema.experiment import Config
from safeneuron.experiment import identification, stages
from safeneuron.experiment.paths import Paths, fill
from safeneuron.experiment.prompt_sets import OVERALL, SAFE
from safeneuron.experiment.states import State

Attributed = TaylorAttack | SingleAttack | IterativeAttack
"""Attacks whose neurons are found by a stage of their own."""


def target_files(paths: Paths, source: State, attack: str, of: Attributed) -> list[str]:
    """The files of what an attack acts on that is found on a state, as `read_cells` takes them."""
    files = [fill(paths.attribution, source, attack=attack)]
    if isinstance(of, SingleAttack):
        files.append(fill(paths.candidates, source, attack=attack))
    if isinstance(of, TaylorAttack) and of.operator.kind == "mean_ablate":
        files.append(fill(paths.moments, source, prompt_set=SAFE))
    return files


def pooling(config: Config, of: Attributed) -> str:
    """How a prompt's tokens become one number for each neuron: gradients are summed over them, or
    one token at the end is looked at.
    """
    if isinstance(of, IterativeAttack):
        return config.identification.selections[of.selection].pooling
    return "end" if isinstance(of, SingleAttack) else "sum"


def cells(of: Attributed, extent: Attack | Attacked) -> dict[str, Any]:
    """The cells of an attack to some extent."""
    control_seeds = list(range(extent.random_controls))
    if isinstance(of, IterativeAttack):
        return {"control_seeds": control_seeds, "operator": of.operator.model_dump()}
    if isinstance(of, SingleAttack):
        pin = {"kind": "pin_gap", "strengths": of.strengths}
        return {"control_seeds": control_seeds, "operator": pin}
    return {
        "fractions": _fractions(extent),
        "control_seeds": control_seeds,
        "operator": of.operator.model_dump(),
    }


def variants(of: Attributed, extent: Attack | Attacked) -> int:
    """How many cells those are, without their controls."""
    if isinstance(of, IterativeAttack):
        return of.times
    if isinstance(of, SingleAttack):
        return 1 + len(of.strengths)  # zeroed too
    return len(_fractions(extent)) * len(of.operator.at_strengths())


def _fractions(extent: Attack | Attacked) -> list[float]:
    if isinstance(extent, TaylorAttack | Attacked):
        return extent.fractions
    raise ValueError(f"an attack of kind '{extent.kind}' is not by the gradient of a refusal")


def taylor_settings(config: Config, state: State, attack: str) -> dict[str, Any]:
    """The settings of `taylor_neurons` (`attribution.settings.TaylorNeuronsSettings`)."""
    search = config.attack_of(attack, TaylorAttack).search
    return identification.search_settings(config, state, attack, search)


def single_settings(config: Config, state: State, attack: str) -> dict[str, Any]:
    """The settings of `single_neuron` (`attribution.settings.SingleNeuronSettings`)."""
    search = config.attack_of(attack, SingleAttack).search
    return identification.search_settings(config, state, attack, search)


def iterative_settings(config: Config, state: State, attack: str) -> dict[str, Any]:
    """The settings of `iterative_neurons` (`attribution.settings.IterativeNeuronsSettings`)."""
    of = config.attack_of(attack, IterativeAttack)
    again = {"pooling": pooling(config, of), "times": of.times}
    return {
        "state": state._asdict(),
        "selected": stages.selected(config, state.model, of.selection) | again,
        **identification.rows_of_sides(config),
        "batch_size": config.compute.batch_size,
        "cpu_threads": config.compute.cpu_threads,
    }


def first_set(config: Config, paths: Paths, state: State, attack: str) -> str:
    """The set that is found on a state as it is, which later ones are added to."""
    selection = config.attack_of(attack, IterativeAttack).selection
    return fill(paths.neuron_set, state, selection=selection, contrast=OVERALL)
