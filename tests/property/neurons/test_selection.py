import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from safeneuron.neurons.criteria.activation_shift import layer_z
from safeneuron.neurons.selection import top_neurons

SHAPE = (3, 8)
# few distinct values, so that ties are common
shifts = arrays(float, SHAPE, elements=st.sampled_from([-2.0, -1.0, 0.0, 0.5, 1.0, 2.0]))
deviations = arrays(float, SHAPE, elements=st.sampled_from([0.5, 1.0, 2.0]))
scores = st.builds(lambda s, d: {"es": s / d, "sas": layer_z(s), "shift": s}, shifts, deviations)
counts = st.integers(0, 30)


def slow_ranking(values, scores):
    """Neurons that fire more on unsafe prompts, best first, ties in order of layer and neuron."""
    neurons = [(layer, j) for layer in range(SHAPE[0]) for j in range(SHAPE[1])]
    eligible = [neuron for neuron in neurons if scores["shift"][neuron] > 0]
    return sorted(eligible, key=lambda neuron: (-values[neuron], neuron))


def slow_full(scores, count):
    by_es = slow_ranking(scores["es"], scores)
    by_sas = slow_ranking(scores["sas"], scores)
    best = {neuron: min(by_es.index(neuron), by_sas.index(neuron)) for neuron in by_es}
    return set(sorted(best, key=lambda neuron: (best[neuron], neuron))[:count])


def neurons_of(mask):
    return {(int(layer), int(j)) for layer, j in np.argwhere(mask)}


@given(scores, counts)
def test_by_count_is_the_head_of_each_ranking(scores, count):
    assert neurons_of(top_neurons(scores, "es", count)) == set(
        slow_ranking(scores["es"], scores)[:count]
    )
    assert neurons_of(top_neurons(scores, "sas", count)) == set(
        slow_ranking(scores["sas"], scores)[:count]
    )


@given(scores, counts)
def test_level_full_is_the_best_rank_in_either_list(scores, count):
    assert neurons_of(top_neurons(scores, "es+sas", count)) == slow_full(scores, count)


@given(scores, counts)
def test_levels_zero_equally_many_neurons_and_full_lies_within_their_union(scores, count):
    es, sas, full = (top_neurons(scores, t, count) for t in ("es", "sas", "es+sas"))
    assert es.sum() == sas.sum() == full.sum() == min(count, int((scores["shift"] > 0).sum()))
    assert not (full & ~(es | sas)).any()
