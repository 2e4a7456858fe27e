"""Which models have curves of attacks over their strengths, and which rankings are audited."""

from safeneuron.config.schema.attacks.neurons import NeuronAttack
from safeneuron.config.schema.experiment import Config
from safeneuron.experiment import attacks
from safeneuron.experiment.attribution import Attributed
from safeneuron.experiment.states import BASE, State, states


def models_on_curves(config: Config) -> list[str]:
    """The attacked models of which a state undergoes an attack on something else than neurons."""
    others = {
        name
        for name, attack in config.attacks.items()
        if not isinstance(attack, NeuronAttack | Attributed)
    }
    return [
        model
        for model in config.run.attacked
        if any(
            not others.isdisjoint(attacks.attacks_on(config, state))
            for state in states(config, [model])
        )
    ]


def audited_rankings(config: Config) -> list[dict[str, str]]:
    """Pairs of the run's attacks that differ in the end alone that they read a ranking from.

    An operator with several strengths has several curves, and no pair here.
    """
    found = []
    for least, of in config.neuron_attacks.items():
        if of.order == "most" or not of.fractions or of.operator.at_strengths() != [None]:
            continue
        for most, other in config.neuron_attacks.items():
            if other == of.model_copy(update={"order": "most"}):
                found.append({"selection": of.selection, "most": most, "least": least})
    return found


def models_audited(config: Config) -> list[str]:
    """The attacked models whose T0 undergoes both attacks of such a pair."""
    return [
        model
        for model in config.run.attacked
        for undergone in [{*attacks.attacks_on(config, State(model, BASE, 0, config.seeds[0]))}]
        if any({pair["most"], pair["least"]} <= undergone for pair in audited_rankings(config))
    ]
