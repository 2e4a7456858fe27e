"""Groups that are no categories, and what their overlap says of categories that are some."""

from collections import Counter

import numpy as np
import pytest

from safeneuron.errors import SafeNeuronError
from safeneuron.neurons.analyses import overlap_rows
from safeneuron.neurons.moments import save_moments
from safeneuron.neurons.regrouped_sets import contrasts, regrouped_sets
from safeneuron.neurons.regrouping import deal, group_name, pseudo_sizes
from safeneuron.neurons.regrouping_settings import OverlapSettings, Regrouping
from safeneuron.neurons.scores import score
from safeneuron.neurons.selection import masks
from safeneuron.neurons.settings import Count, NullSettings, SelectSettings
from synthetic import moments_of as moments_of_layers

CATEGORIES, EACH, SAFE, NEURONS = 4, 20, 80, 200
NAMES = np.repeat(list("abcd"), EACH).tolist()
RULE = Count(count=20)
SETTINGS = OverlapSettings(
    random=NullSettings(null_draws=20),
    regrouped=Regrouping(draws=5),
    pooling="max",
    selection=SelectSettings(selection="s", criteria=["es"], rule=RULE),
)


def test_a_pseudo_category_is_to_what_it_is_contrasted_with_as_a_category_to_the_safe_side():
    assert pseudo_sizes([40] * 10, 400) == [20] * 10  # 200 are left: 20 / 200 = 40 / 400
    assert pseudo_sizes([30, 10], 160) == [24, 8]  # 128 are left: 24 / 128 = 30 / 160
    assert pseudo_sizes([100, 1], 20) == [16, 2]  # two prompts at least, also of what is left


def test_too_few_safe_prompts_are_an_error():
    assert pseudo_sizes([2, 2, 2], 8) == [2, 2, 2]
    with pytest.raises(SafeNeuronError, match=r"7 safe prompts are too few .* at least 8 are"):
        pseudo_sizes([2, 2, 2], 7)


def test_every_prompt_is_dealt_into_one_group_of_its_side_and_sizes_stay():
    groups = deal(["a", "b", "a", "a"], safe=8, draws=3, seed=0)
    assert groups.shape == (3, 12)
    for draw in groups:
        assert Counter(draw[:4].tolist()) == {0: 3, 1: 1}
        assert Counter(draw[4:].tolist()) == {2: 2, 3: 2, 4: 4}


def test_draws_differ_and_a_seed_gives_the_same_ones():
    groups = deal(NAMES, SAFE, draws=2, seed=3)
    assert (groups[0] != groups[1]).any()
    np.testing.assert_array_equal(groups, deal(NAMES, SAFE, draws=2, seed=3))
    assert (groups != deal(NAMES, SAFE, draws=2, seed=4)).any()


def moments_of(values):
    """Of activations of one layer, [prompts, neurons]."""
    return moments_of_layers(values[:, None])


def saved(path, unsafe, safe, draws=5):
    """The file that `capture_nulls` writes, of activations [prompts, neurons]."""
    groups = deal(NAMES, len(safe), draws, seed=0)
    everything = np.concatenate([unsafe, safe])
    save_moments(
        path,
        {
            group_name("max", draw, group): moments_of(everything[groups[draw] == group])
            for draw in range(draws)
            for group in range(groups.max() + 1)
        },
    )
    return groups


def test_shuffled_groups_meet_the_whole_safe_side_and_pseudo_categories_their_own(tmp_path):
    rng = np.random.default_rng(0)
    unsafe, safe = rng.normal(size=(80, NEURONS)), rng.normal(5, 1, size=(SAFE, NEURONS))
    groups = saved(tmp_path / "m", unsafe, safe)
    compared = contrasts(tmp_path / "m", "max", 1, CATEGORIES)
    whole, own = moments_of(safe), moments_of(safe[groups[1, 80:] == 2 * CATEGORIES])
    for number, contrast in enumerate(compared["shuffled"]):
        np.testing.assert_array_equal(
            contrast.group.mean, moments_of(unsafe[groups[1, :80] == number]).mean
        )
        assert contrast.safe.count == SAFE
        np.testing.assert_allclose(contrast.safe.mean, whole.mean, rtol=1e-12)
        np.testing.assert_allclose(contrast.safe.m2, whole.m2, rtol=1e-12)
    for number, contrast in enumerate(compared["pseudo"]):
        mine = safe[groups[1, 80:] == CATEGORIES + number]
        np.testing.assert_array_equal(contrast.group.mean, moments_of(mine).mean)
        np.testing.assert_array_equal(contrast.safe.mean, own.mean)


def pairs(path, unsafe, safe):
    """The row of K = 2 of the overlap of four categories of unsafe prompts, with all nulls."""
    saved(path, unsafe, safe)
    whole = moments_of(safe)
    sets = np.stack(
        [
            masks(score(moments_of(category), whole), ["es"], RULE, whole.mean.size)["es"]
            for category in unsafe.reshape(CATEGORIES, EACH, NEURONS)
        ]
    )
    rows = overlap_rows(sets, {}, SETTINGS.random, regrouped_sets(path, SETTINGS, CATEGORIES))
    return rows[0]


def activations(seed):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(CATEGORIES * EACH, NEURONS)), rng.normal(size=(SAFE, NEURONS))


def test_categories_of_the_same_neurons_overlap_as_shuffled_ones_do(tmp_path):
    unsafe, safe = activations(0)
    unsafe[:, :30] += 0.8
    row = pairs(tmp_path / "m", unsafe, safe)
    assert row["shuffled_low"] <= row["mean"] <= row["shuffled_high"]
    assert row["mean"] > row["pseudo_high"]
    assert row["mean"] > row["random_high"]


def test_categories_of_neurons_of_their_own_overlap_less_than_shuffled_ones(tmp_path):
    unsafe, safe = activations(0)
    for number in range(CATEGORIES):
        unsafe[number * EACH : (number + 1) * EACH, number * 20 : (number + 1) * 20] += 3
    row = pairs(tmp_path / "m", unsafe, safe)
    assert row["mean"] < row["shuffled_low"] - 0.05
    assert row["mean"] < 0.02


def test_categories_without_harm_overlap_as_pseudo_categories_do_which_is_more_than_by_chance(
    tmp_path,
):
    rows = [pairs(tmp_path / "m", *activations(seed)) for seed in range(12)]
    inside = [row["pseudo_low"] <= row["mean"] <= row["pseudo_high"] for row in rows]
    assert sum(inside) >= 10
    mean, pseudo, chance = (
        np.mean([row[name] for row in rows]) for name in ("mean", "pseudo_mean", "random_mean")
    )
    # one safe side for all: what is low there by chance is high in every group
    assert mean == pytest.approx(pseudo, abs=0.01)
    assert mean > chance + 0.02


def test_groups_without_a_neuron_above_a_threshold_have_no_overlap(tmp_path):
    unsafe, safe = activations(0)
    saved(tmp_path / "m", unsafe, safe)
    rule = {"kind": "thresholds", "es": 90.0}
    selection = SelectSettings(selection="s", criteria=["es"], rule=rule)
    settings = SETTINGS.model_copy(update={"selection": selection})
    sets = regrouped_sets(tmp_path / "m", settings, CATEGORIES)
    assert not np.any(sets["pseudo"])
    random = np.random.default_rng(0).random((CATEGORIES, 1, NEURONS)) < 0.1
    row = overlap_rows(random, {}, SETTINGS.random, sets)[0]
    assert [row[f"pseudo_{name}"] for name in ("mean", "low", "high", "draws")] == [0, 0, 0, 5]
