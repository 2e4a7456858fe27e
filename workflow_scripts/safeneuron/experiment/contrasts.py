"""The contrast that is named before the run, and whether the run will make it."""

from safeneuron.config.load import ConfigError
from safeneuron.config.schema.attacks.neurons import NeuronAttack
from safeneuron.config.schema.attacks.taylor import TaylorAttack
from safeneuron.config.schema.experiment import Config
from safeneuron.experiment import matrix
from safeneuron.experiment.attacks import attacks_on
from safeneuron.experiment.states import State, states
from safeneuron.results.settings import Primary, PrimaryContrast
from safeneuron.settings import near_miss

_KEY = "contrasts.primary"


def primary_contrasts(config: Config) -> dict[str, PrimaryContrast]:
    """Model -> the primary contrast, with its round's number; nothing where none is named.

    Raises:
        ConfigError: an arm is not trained, the round or the fraction is not attacked, or no attacks
            are chosen within a bound though no fraction is named; names the key, what was found and
            what is allowed.
    """
    primary, baseline = config.contrasts.primary, config.contrasts.baseline
    if primary is None:
        return {}
    for key, arm in ((f"{_KEY}.arm", primary.arm), ("contrasts.baseline", baseline)):
        if arm not in config.run.arms:
            raise ConfigError(
                f"{key}: '{arm}' is not in 'run.arms'{near_miss(arm, config.run.arms)}; "
                f"it has {', '.join(config.run.arms)}"
            )
    if primary.arm == baseline:
        raise ConfigError(f"{_KEY}.arm: '{baseline}' is 'contrasts.baseline' itself")
    models = [
        model
        for model in config.run.aligned
        if model in config.run.attacked and {primary.arm, baseline} <= {*config.arms_of(model)}
    ]
    if not models:
        raise ConfigError(
            f"{_KEY}: no model that is in both 'run.aligned' and 'run.attacked' has the arms "
            f"'{primary.arm}' and '{baseline}'; set it to null, or name such models there"
        )
    return {model: _of_model(config, model, primary) for model in models}


def at_fraction(config: Config) -> dict[str, PrimaryContrast]:
    """Those primary contrasts that are under attacks on a share of the neurons."""
    return {m: c for m, c in primary_contrasts(config).items() if c.fraction is not None}


def within_bound(config: Config) -> dict[str, PrimaryContrast]:
    """Those primary contrasts that are in the worst case over all kinds of attacks."""
    return {m: c for m, c in primary_contrasts(config).items() if c.fraction is None}


def _of_model(config: Config, model: str, primary: Primary) -> PrimaryContrast:
    last = config.align.rounds_for(model)
    number = last if primary.round == "last" else primary.round
    if primary.fraction is None:
        return _within_bound(config, model, primary, number)
    arms = (primary.arm, config.contrasts.baseline)
    fractions = {
        state: _fractions(config, state)
        for state in states(config, [model])
        if state.seed == config.seeds[0]
    }
    for arm in arms:
        attacked = [s.round for s, found in fractions.items() if s.arm == arm and found]
        if number not in attacked:
            raise ConfigError(
                f"{_KEY}.round: no adaptive attack on shares of the neurons is made on '{arm}' of "
                f"'{model}' in round {number}; attacked rounds: "
                f"{', '.join(map(str, attacked)) or 'none'}"
            )
    attacks = {
        state: {name for name, shares in found.items() if primary.fraction in shares}
        for state, found in fractions.items()
    }
    of_both = [attacks[state] for state in attacks if state.round == number and state.arm in arms]
    of_all = [names for names in attacks.values() if names]
    if not all(of_both) or not set.intersection(*of_all):
        known = {share for found in fractions.values() for some in found.values() for share in some}
        raise ConfigError(
            f"{_KEY}.fraction: no adaptive attack on a share of {primary.fraction:g} is made on "
            f"'{primary.arm}' and on every state of '{model}' that others of that share are made "
            f"on; shares that are attacked: {', '.join(f'{share:g}' for share in sorted(known))}"
        )
    return PrimaryContrast(arm=primary.arm, round=number, fraction=primary.fraction)


def _within_bound(config: Config, model: str, primary: Primary, number: int) -> PrimaryContrast:
    if model not in matrix.models(config):
        raise ConfigError(
            f"{_KEY}.fraction: null is the worst case within attack.utility_bound, for which "
            f"attacks must be chosen on other prompts than they are reported on; set 'choose_on' "
            f"of the benchmarks in 'attack.benchmarks' that '{model}' is asked, or name a fraction"
        )
    for arm in (primary.arm, config.contrasts.baseline):
        attacked = matrix.attacked_rounds(config, model, arm)
        if number not in attacked:
            raise ConfigError(
                f"{_KEY}.round: '{arm}' of '{model}' is not attacked in round {number}; attacked "
                f"rounds: {', '.join(map(str, attacked)) or 'none'}"
            )
    return PrimaryContrast(arm=primary.arm, round=number, fraction=None)


def _fractions(config: Config, state: State) -> dict[str, list[float]]:
    """Adaptive attack on a state's neurons -> the shares of them that it is made on, if any."""
    made = attacks_on(config, state)
    return {
        name: attack.fractions
        for name, attack in config.attacks.items()
        if isinstance(attack, NeuronAttack | TaylorAttack)
        and name in made
        and attack.source == "adaptive"
        and attack.fractions
    }
