"""Neuron sets for tests: what they are of, where that does not matter."""

from safeneuron.neurons.sets import NeuronSet, SetIdentity

T0 = {"model": "tiny", "arm": "base", "round": 0, "seed": 0}
ABOUT = SetIdentity(**T0, selection="paper", contrast="overall")


def neuron_set(es, sas):
    """A set by effect size and activation shift."""
    return NeuronSet({"es": es, "sas": sas}, ABOUT)
