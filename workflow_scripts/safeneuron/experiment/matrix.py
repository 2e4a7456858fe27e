"""Which models have a matrix of arms against attacks, and what its tables are told."""

from typing import Any

from safeneuron.alignment.arms.registry import ARMS
from safeneuron.config.load import ConfigError
from safeneuron.config.schema.attacks.prefill import PrefillAttack
from safeneuron.config.schema.experiment import Config
from safeneuron.experiment import benchmarks
from safeneuron.experiment.attacks import Sought, attacks_on
from safeneuron.experiment.benchmarks import ORACLE, judges_of
from safeneuron.experiment.states import State, states
from safeneuron.results.targets import INFERENCE_TIME


def models(config: Config) -> list[str]:
    """The attacked models whose attacks are chosen on other prompts than they are reported on."""
    return [
        model
        for model in config.run.attacked
        if any(b.choose_on is not None for b in benchmarks.asked_of(config, model).values())
    ]


def check_matrix(config: Config) -> None:
    """Raise unless models whose attacks are chosen have all that a choice within a bound needs.

    Raises:
        ConfigError: names the key, what was found and the remedy.
    """
    for model in models(config):
        asked = benchmarks.asked_of(config, model)
        harmful = benchmarks.of_role(asked, "harmful")[0]
        safe = benchmarks.of_role(asked, "safe")
        if not safe:
            raise ConfigError(
                f"attack.benchmarks.{harmful}.choose_on: attacks are chosen within a bound on "
                f"utility, but '{model}' is asked no safe prompts; add a benchmark of role safe"
            )
        for name in (harmful, *safe):
            if asked[name].choose_on is None:
                raise ConfigError(
                    f"attack.benchmarks.{name}.choose_on: null, though '{model}' is asked other "
                    "prompts to choose attacks by; name a split of its data set, such as "
                    "validation, here too: its first harmful benchmark and all safe ones have one"
                )
        judge = judges_of(config, harmful)[0]
        if judge != ORACLE or any(ORACLE not in judges_of(config, name) for name in safe):
            raise ConfigError(
                f"attack.benchmarks.{harmful}.choose_on: utility, within a bound of which attacks "
                f"are chosen, is known of '{ORACLE}' alone, and '{judge}' is the first judge of "
                f"what '{model}' is asked; put '{ORACLE}' first in attack.judges, or set choose_on "
                "to null"
            )
        made = [_chosen_among(config, state) for state in states(config, [model])]
        attacked = [names for names in made if names]
        if not attacked:
            raise ConfigError(
                f"attack.benchmarks.{harmful}.choose_on: no adaptive attack is made on '{model}' "
                "that could be chosen; name one in run.attacks, or set choose_on to null"
            )
        if not set.intersection(*attacked):
            names = ", ".join(name for name in config.attacks if name in set.union(*attacked))
            raise ConfigError(
                f"attack.benchmarks.{harmful}.choose_on: all attacked states of '{model}' choose "
                f"among the attacks that they have in common, and have none; give one of {names} "
                "the 'arms' and 'rounds' of all others, or set choose_on to null"
            )


def needed(config: Config) -> list[str]:
    """`models`, for a table that there must be.

    Raises:
        ConfigError: there are none.
    """
    found = models(config)
    if not found:
        raise ConfigError(
            "attack.benchmarks: tables/matrix has the strongest attacks, chosen on other prompts "
            "than they are reported on, but no benchmark has 'choose_on'; name a split there, such "
            "as validation"
        )
    return found


def attacked_rounds(config: Config, model: str, arm: str) -> list[int]:
    """The rounds of an arm in which attacks are made that could be chosen."""
    return [
        state.round
        for state in states(config, [model])
        if (state.arm, state.seed) == (arm, config.seeds[0]) and _chosen_among(config, state)
    ]


def simulates(config: Config) -> dict[str, list[str]]:
    """Arm of the run -> the kinds of attacks that it is trained against, as tables call them."""
    return {
        name: [INFERENCE_TIME[kind] for kind in ARMS[config.align.arms[name].method].simulates]
        for name in config.run.arms
    }


def training_states(config: Config) -> list[State]:
    """The states whose training the matrix shows the cost of."""
    return [state for state in states(config, models(config)) if state.round > 0]


def settings(config: Config) -> dict[str, Any]:
    """What `MatrixSettings` has that no other table's settings have."""
    return {
        "models": models(config),
        "utility_bound": config.attack.utility_bound,
        "simulates": simulates(config),
    }


def _chosen_among(config: Config, state: State) -> set[str]:
    """The attacks on a state that could be chosen: adaptive ones that leave the weights alone."""
    made = attacks_on(config, state)
    return {
        name
        for name, attack in config.attacks.items()
        if name in made
        and (
            isinstance(attack, PrefillAttack)
            or (isinstance(attack, Sought) and attack.source == "adaptive")
        )
    }
