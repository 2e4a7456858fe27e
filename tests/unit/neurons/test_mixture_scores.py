"""Moments and scores of mixtures of experts: another number of prompts for each expert."""

import hashlib

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from safeneuron.errors import CorruptFileError, SafeNeuronError
from safeneuron.neurons.criteria import read_criteria, write_criteria
from safeneuron.neurons.criteria.activation_shift import layer_z
from safeneuron.neurons.moments import Moments, load_moments, merge, save_moments
from safeneuron.neurons.routing import Routing, per_neuron
from safeneuron.neurons.scores import LEAST_REACHING, score
from safeneuron.neurons.selection import select
from safeneuron.neurons.settings import Count, Fraction

LAYERS, EXPERTS, WIDTH = 2, 3, 4
NEURONS = EXPERTS * WIDTH
DENSE = "d19455d0ab7dc416f299e3a1d0f316cd0701b128a54abf10d776703c273ee586"
NORM, EPS = np.ones((LAYERS, NEURONS)), 2.0**-23


def drawn(prompts, seed, reach):
    """Activations [prompts, layers, neurons], and which experts each prompt reaches.

    Args:
        reach: of each expert, the share of prompts that reach it.
    """
    rng = np.random.default_rng(seed)
    reached = rng.random((prompts, LAYERS, EXPERTS)) < np.array(reach)
    return rng.normal(5, 2, (prompts, LAYERS, NEURONS)), reached


def moments_of(values, reached):
    """By NumPy, expert by expert."""
    count, mean, m2, magnitude = (np.zeros((LAYERS, NEURONS)) for _ in range(4))
    for layer in range(LAYERS):
        for neuron in range(NEURONS):
            own = values[reached[:, layer, neuron // WIDTH], layer, neuron]
            count[layer, neuron] = len(own)
            if len(own):
                mean[layer, neuron] = own.mean()
                m2[layer, neuron] = own.var() * len(own)
                magnitude[layer, neuron] = np.abs(own).mean()
    routing = Routing(len(values), reached.mean(axis=0) / 2)
    return Moments(count.astype(int), mean, m2, magnitude, NORM, EPS, routing)


def assert_equal(found, expected):
    np.testing.assert_array_equal(found.count, expected.count)
    for name in ("mean", "m2", "magnitude"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=1e-9)
    assert found.prompts == expected.prompts
    np.testing.assert_allclose(found.routing.share, expected.routing.share, rtol=1e-12)


def test_merged_moments_are_those_of_the_union():
    values, reached = drawn(40, 0, [1.0, 0.4, 0.0])  # nothing reaches the last expert
    a, b = (moments_of(values[s], reached[s]) for s in (slice(13), slice(13, None)))
    assert_equal(merge(a, b), moments_of(values, reached))


def test_a_file_gives_back_what_was_written_of_each_group(tmp_path):
    file = tmp_path / "moments.safetensors"
    groups = {
        f"max/0/{group}": moments_of(*drawn(30 + group, group, [1.0, 0.5, 0.2]))
        for group in range(3)
    }
    save_moments(file, groups)
    for group, (key, written) in enumerate(groups.items()):
        read = load_moments(file, key)
        for name in ("count", "mean", "m2", "magnitude", "write_norm"):
            np.testing.assert_array_equal(getattr(read, name), getattr(written, name))
        assert (read.prompts, read.width, read.eps) == (30 + group, WIDTH, EPS)
        np.testing.assert_array_equal(read.routing.share, written.routing.share)


def test_routing_that_was_changed_in_a_file_is_found(tmp_path):
    file = tmp_path / "moments.safetensors"
    save_moments(file, {"max": moments_of(*drawn(30, 0, [1.0, 0.5, 0.2]))})
    arrays = load_file(file)
    with safe_open(file, framework="numpy") as stored:
        metadata = stored.metadata()
    arrays["max.routing.share"][0, 0] += 1e-3
    save_file(arrays, file, metadata)
    with pytest.raises(CorruptFileError, match="not those that were written"):
        load_moments(file, "max")


def test_a_dense_models_file_has_the_bytes_that_it_had(tmp_path):
    file, grid = tmp_path / "moments.safetensors", (2, 3)
    values = np.arange(6, dtype=np.float64).reshape(grid)
    dense = Moments(7, values, values + 1, values + 2, np.ones(grid), EPS)
    save_moments(file, {"max": dense, "meanabs": dense})
    assert hashlib.sha256(file.read_bytes()).hexdigest() == DENSE
    assert load_moments(file, "max").count == 7 == dense.prompts


def test_a_neuron_is_scored_by_the_prompts_that_reach_its_expert():
    sides = [moments_of(*drawn(60, seed, [1.0, 0.6, 0.5])) for seed in (0, 1)]
    unsafe, safe = sides
    found = score(unsafe, safe)
    assert unsafe.count.min() >= LEAST_REACHING
    shift = unsafe.mean - safe.mean
    np.testing.assert_array_equal(found["shift"], shift)
    freedom = unsafe.count + safe.count - 2
    np.testing.assert_allclose(found["es"], shift / np.sqrt((unsafe.m2 + safe.m2) / freedom))
    z = (shift - shift.mean(axis=1, keepdims=True)) / shift.std(axis=1, keepdims=True)
    np.testing.assert_allclose(found["sas"], z)


def scored_in_part():
    """Scores where of the experts in turn all, just too few and just enough prompts reach."""
    values, reached = drawn(60, 0, [1.0, 1.0, 1.0])
    reached[LEAST_REACHING - 1 :, :, 1] = False
    reached[LEAST_REACHING:, :, 2] = False
    safe = moments_of(*drawn(60, 1, [1.0, 1.0, 1.0]))
    return score(moments_of(values, reached), safe), score(safe, moments_of(values, reached))


def test_neurons_of_an_expert_that_too_few_prompts_of_either_side_reach_have_no_score():
    expected = np.repeat([[False, True, False]], LAYERS, axis=0)
    for found in scored_in_part():
        for name, scores in found.items():
            np.testing.assert_array_equal(
                np.isnan(scores), per_neuron(expected, NEURONS), err_msg=name
            )
    z = found["sas"][:, per_neuron(expected, NEURONS)[0] == 0]
    np.testing.assert_allclose(z.mean(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(z.std(axis=1), 1)


def test_a_table_keeps_that_there_is_no_score(tmp_path):
    file = tmp_path / "scores.parquet"
    scores = scored_in_part()[0]
    write_criteria(file, scores)
    for name, values in read_criteria(file).items():
        np.testing.assert_array_equal(values, scores[name])


@pytest.mark.parametrize("rule", [Count(count=5), Fraction(fraction=0.2)])
def test_a_neuron_without_a_score_is_not_selected(rule):
    scores = scored_in_part()[0]
    chosen = select(scores, ["es", "sas", "abs_es"], rule)
    for name, mask in chosen.items():
        assert mask.any() and not mask[np.isnan(scores[name])].any()


def test_without_any_score_nothing_is_selected_and_the_message_says_so():
    few = moments_of(*drawn(LEAST_REACHING - 1, 0, [1.0, 1.0, 1.0]))
    with pytest.raises(SafeNeuronError, match="selects 0 of 24 neurons; largest effect size -inf"):
        select(score(few, few), ["es"], Count(count=5))


def test_a_layer_is_compared_among_the_neurons_that_have_a_value():
    values = np.random.default_rng(0).normal(size=(3, 10))
    values[0, :4] = values[1] = np.nan
    z = layer_z(values)
    known = values[0, 4:]
    np.testing.assert_allclose(z[0, 4:], (known - known.mean()) / known.std(), rtol=1e-12)
    assert np.isnan(z[0, :4]).all() and np.isnan(z[1]).all()
    np.testing.assert_array_equal(z[2], layer_z(values[2:])[0])
