"""Which models have curves of attacks over their strengths, and which rankings are audited."""

from safeneuron.config.schema.experiment import Config
from safeneuron.experiment import attacks
from safeneuron.experiment.states import BASE, State


def models_on_curves(config: Config) -> list[str]:
    """The attacked models that undergo an attack of several strengths on no neurons."""
    others = [name for name in config.attacks if name not in config.neuron_attacks]
    under = {model for name in others for model in attacks.models_under(config, name)}
    return [model for model in config.run.attacked if model in under]


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
