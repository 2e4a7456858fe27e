"""Attacks by what they act on: an entry's kind decides its keys, and where it may be named."""

import pytest

from safeneuron.config.load import ConfigError, load_config
from safeneuron.config.schema.attacks.neurons import NeuronAttack

PREFILL = {"kind": "prefill", "text": "sure , here is"}


def load(attacks, **sections):
    return load_config({"attack": {"attacks": attacks}, **sections})


def with_magnitude(**attacks):
    return {"magnitude": {"selection": "magnitude"}, **attacks}


def test_an_entry_that_does_not_say_its_kind_is_on_neurons():
    config = load(with_magnitude(other={"kind": "direction"}))
    assert isinstance(config.attacks["magnitude"], NeuronAttack)
    assert list(config.neuron_attacks) == ["magnitude"]
    assert config == load({"magnitude": {"kind": "neurons", "selection": "magnitude"},
                           "other": {"kind": "direction"}})  # fmt: skip


def test_directions_have_the_published_bound_and_one_phase():
    attack = load(with_magnitude(mine={"kind": "direction"})).attacks["mine"]
    assert attack.search == {"operator": "write", "phases": 1, "max_kl": 0.1, "prompts": 256}
    assert attack.removal == {"kind": "direction_write", "phases": 1}
    assert attack.source == "adaptive"


@pytest.mark.parametrize(("words", "numbers"), [(None, [1, 2, 3, 4]), ([3, 1], [3, 1])])
def test_words_are_forced_one_by_one_unless_numbers_are_named(words, numbers):
    assert load(with_magnitude(mine=PREFILL | {"words": words})).attacks["mine"].numbers == numbers


SHOWN = {"report": {"case_studies": {"attack": "mine"}}}


@pytest.mark.parametrize(
    ("mine", "sections", "said"),
    [
        ({"kind": "direction", "selection": "paper"}, {},
         "attack.attacks.mine: unknown key 'selection'"),
        ({"kind": "directions"}, {}, "attack.attacks.mine"),
        ({"kind": "direction", "phases": 9}, {}, "attack.attacks.mine.phases"),
        ({"kind": "direction", "operator": "read"}, {},
         "attack.attacks.mine.operator: must be one of write, write_read"),
        ({"kind": "direction", "arms": ["dpoo"]}, {}, "attack.attacks.mine.arms: 'dpoo' is not in"),
        ({"kind": "prefill"}, {}, "attack.attacks.mine.text: missing; this key has no default"),
        (PREFILL | {"words": [5]}, {}, "words: 'text' has 4 words; more cannot be forced: [5]"),
        (PREFILL | {"text": " "}, {}, "attack.attacks.mine.text"),
        (PREFILL | {"source": "static"}, {}, "attack.attacks.mine: unknown key 'source'"),
        ({"kind": "direction"}, SHOWN,
         "attack.attacks.mine is of kind 'direction'; cases are of an attack on neurons"),
        ({"kind": "taylor", "fractions": []}, {}, "attack.attacks.mine.fractions"),
        ({"kind": "taylor", "selection": "magnitude"}, {},
         "attack.attacks.mine: unknown key 'selection'"),
        ({"kind": "taylor"}, {"capability": {"attacks": {"mine": {}}}},
         "capability.attacks.mine.fractions: 'mine' is of kind 'taylor', which ranks all neurons"),
        ({"kind": "taylor"}, {"capability": {"attacks": {"mine": {"targets": ["es"]}}}},
         "capability.attacks.mine.fractions"),
        ({"kind": "taylor", "operator": {"kind": "mean_ablate"}},
         {"identification": {"poolings": ["max", "meanabs"]}},
         "attack.attacks.mine.operator: mean_ablate takes the moments of pooling 'mean'"),
        ({"kind": "iterative", "selection": "magnitudes"}, {},
         "attack.attacks.mine.selection: 'magnitudes' is not in 'identification.selections'"),
        ({"kind": "iterative", "selection": "probe"}, {},
         "attack.attacks.mine.selection: 'probe' is by a probe; neurons are found anew by scores, "
         "by one of magnitude, paper"),
        ({"kind": "iterative", "selection": "magnitude", "times": 1}, {},
         "attack.attacks.mine.times"),
        ({"kind": "iterative", "selection": "magnitude", "operator": {"kind": "mean_ablate"}}, {},
         "attack.attacks.mine.operator"),
        ({"kind": "iterative", "selection": "magnitude"},
         {"capability": {"attacks": {"mine": {"fractions": [0.1]}}}},
         "capability.attacks.mine.fractions: 'mine' is of kind 'iterative'"),
        ({"kind": "iterative", "selection": "paper"}, {"run": {"selections": ["magnitude"]}},
         "attack.attacks.mine.selection: 'paper' is not in 'run.selections'"),
        ({"kind": "single", "skip_last": 1.0}, {}, "attack.attacks.mine.skip_last"),
        ({"kind": "single", "strengths": [1.0, 1.0]}, {}, "names 1.0 twice"),
        ({"kind": "single", "operator": {"kind": "zero_ablate"}}, {},
         "attack.attacks.mine: unknown key 'operator'"),
        ({"kind": "single"}, {"capability": {"attacks": {"mine": {"fractions": [0.1]}}}},
         "capability.attacks.mine.fractions: 'mine' is of kind 'single'"),
        (PREFILL, {"capability": {"attacks": {"mine": {}}}},
         "capability.attacks: 'mine' forces how answers begin"),
        ({"kind": "interpolate", "strengths": [0.0]}, {}, "attack.attacks.mine.strengths"),
        ({"kind": "interpolate", "source": "static"}, {},
         "attack.attacks.mine: unknown key 'source'"),
        ({"kind": "relearn", "steps": [5, 5]}, {},
         "attack.attacks.mine.steps: [5, 5] names 5 twice"),
        ({"kind": "benign_tune", "learning_rate": 0.0}, {}, "attack.attacks.mine.learning_rate"),
        ({"selection": "magnitude", "operator": {"kind": "mean_ablate"}},
         {"identification": {"poolings": ["max", "meanabs"]}},
         "attack.attacks.mine.operator: mean_ablate takes the moments of pooling 'mean', which is "
         "not in identification.poolings (max, meanabs)"),
        ({"kind": "direction"}, {"capability": {"attacks": {"mine": {"fractions": [0.1]}}}},
         "capability.attacks.mine.fractions: 'mine' is of kind 'direction'"),
        ({"kind": "direction"}, {"capability": {"attacks": {"mine": {"targets": ["es"]}}}},
         "capability.attacks.mine.targets: 'mine' is of kind 'direction'"),
        ({"kind": "direction"},
         {"published": {"models": {"organism": "Qwen2.5-7B"}, "attacks": ["mine"]}},
         "published.attacks: 'mine' is of kind 'direction'; the paper's are on neurons"),
    ],
)  # fmt: skip
def test_what_a_kind_does_not_have_is_refused_at_once(mine, sections, said):
    with pytest.raises(ConfigError) as error:
        load(with_magnitude(mine=mine), **sections)
    assert said in str(error.value)
