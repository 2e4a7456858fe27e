"""Layers that have fewer neurons than others: never scored, selected, drawn or counted."""

from dataclasses import replace

import numpy as np
import pytest

from safeneuron.alignment.arms.registry import ARMS
from safeneuron.artifacts.tables import read_about
from safeneuron.interventions.cells import attack_cells
from safeneuron.interventions.settings import Cells
from safeneuron.interventions.zero_ablate import ZeroAblate
from safeneuron.neurons.analyses import category_sets, composition_rows, depth_profile_rows
from safeneuron.neurons.experts import expert_rows
from safeneuron.neurons.grid import described, of_widths, read_grid
from safeneuron.neurons.moments import Moments
from safeneuron.neurons.overlap import overlap_null
from safeneuron.neurons.probe_overlap import probe_overlap_rows
from safeneuron.neurons.random_sets import matched_random, nested_random
from safeneuron.neurons.routing import Routing, per_neuron
from safeneuron.neurons.scores import LEAST_REACHING, score
from safeneuron.neurons.selection import select
from safeneuron.neurons.sets import NeuronSet, SetIdentity, read_neuron_set, write_neuron_set
from safeneuron.neurons.settings import Fraction
from safeneuron.neurons.topic_control import expected_share

WIDTHS, NEURONS = [10, 40, 25], 40
PRESENT = of_widths(WIDTHS, NEURONS)
STATE = {"model": "m", "arm": "base", "round": 0, "seed": 0}
ABOUT = SetIdentity(**STATE, selection="paper", contrast="d/c")


def mask_of(*counts):
    """The first neurons of each layer."""
    return np.arange(NEURONS) < np.array(counts)[:, None]


def test_a_file_says_the_widths_where_layers_differ_and_only_there(tmp_path):
    about = described(PRESENT)
    assert about == {"layers": 3, "neurons": 40, "widths": WIDTHS}
    np.testing.assert_array_equal(read_grid(about), PRESENT)
    even = described(np.ones((2, 5), dtype=bool))
    assert even == {"layers": 2, "neurons": 5} and read_grid(even).all()
    for grid in (None, PRESENT):
        path = tmp_path / f"{grid is None}.parquet"
        write_neuron_set(path, NeuronSet({"es": mask_of(2, 3, 4)}, ABOUT, grid))
        assert ("widths" in read_about(path)) == (grid is not None)
        expected = np.ones_like(PRESENT) if grid is None else PRESENT
        np.testing.assert_array_equal(read_neuron_set(path).present, expected)


@pytest.mark.parametrize("draw", [matched_random, nested_random])
def test_random_sets_are_drawn_from_the_neurons_that_there_are(draw):
    mask, seen = mask_of(5, 6, 20), np.zeros_like(PRESENT)
    for seed in range(200):
        drawn = draw(mask, np.random.default_rng(seed), PRESENT)
        assert drawn.sum(axis=1).tolist() == [5, 6, 20]
        assert not (drawn & ~PRESENT).any()
        seen |= drawn
    np.testing.assert_array_equal(seen, PRESENT)
    for seed in range(5):  # where all are there nothing changes
        even = np.ones_like(PRESENT)
        old, new = (draw(mask, np.random.default_rng(seed), of) for of in (None, even))
        np.testing.assert_array_equal(old, new)


def test_nested_sets_stay_nested():
    few, many = (
        nested_random(mask_of(*n), np.random.default_rng(3), PRESENT)
        for n in ((2, 3, 4), (5, 9, 4))
    )
    assert not (few & ~many).any()


def test_controls_and_fractions_of_an_attack_are_of_the_neurons_that_there_are():
    scores = {"es": np.where(PRESENT, 1.0 + np.arange(NEURONS), np.nan), "shift": PRESENT * 1.0}
    neurons = NeuronSet({"es": mask_of(8, 8, 8)}, ABOUT, PRESENT)
    cells = Cells(
        targets=["es"],
        fractions=[0.2],
        control_seeds=[0, 1],
        operator=ZeroAblate(kind="zero_ablate"),
    )
    made = list(attack_cells(neurons, scores, cells))
    assert [cell.intervention.target.sum() for cell in made] == [24] * 3 + [15] * 3
    assert not any((cell.intervention.target & ~PRESENT).any() for cell in made)


def test_arms_act_on_no_neuron_that_a_layer_lacks():
    for arm in ("random_freeze", "random_ablate", "sn_tune", "freeze"):
        plan = ARMS[arm].plan(mask_of(5, 6, 7), 0, {"neurons": 1.0}, present=PRESENT)
        assert not ((plan.frozen | plan.zeroed) & ~PRESENT).any()
    sn_tune = ARMS["sn_tune"].plan(mask_of(5, 6, 7), 0, {"neurons": 1.0}, present=PRESENT)
    assert sn_tune.frozen.sum() == sum(WIDTHS) - 18


def moments(seed, count=50, routing=None):
    rng = np.random.default_rng(seed)
    mean, m2 = rng.normal(size=PRESENT.shape), rng.uniform(1, 2, PRESENT.shape)
    norm = np.where(PRESENT, 1.0, np.nan)
    return Moments(count, mean * PRESENT, m2 * PRESENT, abs(mean) * PRESENT, norm, 1e-7, routing)


def test_what_a_layer_lacks_has_no_score_and_shifts_are_compared_without_it():
    unsafe, safe = moments(0), moments(1)
    scores = score(unsafe, safe)
    for name, values in scores.items():
        np.testing.assert_array_equal(np.isfinite(values), PRESENT, name)
    shift = (unsafe.mean - safe.mean)[0, :10]
    expected = (shift - shift.mean()) / shift.std()
    np.testing.assert_allclose(scores["sas"][0, :10], expected, rtol=1e-12)
    chosen = select(scores, ["abs_es"], Fraction(fraction=0.2), int(unsafe.present.sum()))
    assert chosen["abs_es"].sum() == 15 and not (chosen["abs_es"] & ~PRESENT).any()


def test_tables_count_the_neurons_that_there_are(tmp_path):
    paths = [tmp_path / name for name in "ab"]
    for path, counts in zip(paths, ((2, 3, 4), (1, 5, 4)), strict=True):
        write_neuron_set(path, NeuronSet({"es": mask_of(*counts)}, ABOUT, PRESENT))
    found = category_sets(paths)
    assert [row["neurons"] for row in composition_rows(*found)] == WIDTHS
    rows = depth_profile_rows(found.sets[0], {}, found.present)
    assert [row["neurons"] for row in rows] == WIDTHS
    assert [row["fraction"] for row in rows] == [0.2, 3 / 40, 4 / 25]
    one, other = mask_of(2, 3, 4), mask_of(5, 4, 5)
    assert expected_share(one, other, PRESENT) == pytest.approx((1 + 0.3 + 0.8) / 9)
    rows = probe_overlap_rows(one, other, {}, present=PRESENT)
    assert [row["neurons"] for row in rows] == WIDTHS
    assert [row["null_mean"] for row in rows] == pytest.approx([1, 0.3, 0.8])


@pytest.mark.parametrize("categories", [2, 7])  # by shares of a layer, and by drawing neurons
def test_the_null_of_overlaps_draws_from_the_neurons_that_there_are(categories):
    sets = np.stack([mask_of(10, 0, 0)] * categories)  # all that the first layer has
    null = overlap_null(sets, 3, np.random.default_rng(0), present=PRESENT)
    for curve in null.values():
        np.testing.assert_allclose(curve.mean, 1)
    loose = overlap_null(sets, 3, np.random.default_rng(0))
    assert loose["intersection_over_union"].mean[0] < 0.5


def test_experts_that_a_layer_lacks_have_no_row_and_those_that_all_reach_no_z():
    width, experts = 5, 8
    count = per_neuron(np.full((3, experts), LEAST_REACHING), NEURONS)
    share = np.zeros((3, experts))
    share[0, :2] = 1.0  # a plain FFN of ten neurons
    share[1] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 1.0, 1.0]  # the last two are shared
    share[2, :5] = 0.5
    other = share.copy()
    other[1, :6] = 0.3
    unsafe, safe = (
        replace(moments(0), count=count, routing=Routing(90, values)) for values in (share, other)
    )
    rows = expert_rows(NeuronSet({"es": mask_of(2, 3, 4)}, ABOUT, PRESENT), unsafe, safe)
    assert [(row["layer"], row["expert"]) for row in rows] == [
        (layer, expert)
        for layer, width_ in enumerate(WIDTHS)
        for expert in range(-(-width_ // width))
    ]
    assert all(row["neurons"] == 5 for row in rows)
    z = [row["routing_z"] for row in rows]
    assert np.isnan(z[:2]).all() and np.isnan(z[8:10]).all()
    shift = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6]) - 0.3
    np.testing.assert_allclose(z[2:8], (shift - shift.mean()) / shift.std())
    assert z[10:] == [0] * 5
