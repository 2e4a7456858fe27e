"""Overlap of a safety set with a control's set, and what chance gives."""

import numpy as np
import pytest

from safeneuron.neurons.topic_control import control_row, expected_containment, measures

CONTEXT = {
    "model": "m", "arm": "base", "round": 0, "seed": 0,
    "selection": "paper", "control": "topic",
}  # fmt: skip


def mask(*layers, neurons=10):
    grid = np.zeros((len(layers), neurons), dtype=bool)
    for layer, chosen in enumerate(layers):
        grid[layer, list(chosen)] = True
    return grid


def test_jaccard_and_containment():
    safety, control = mask({0, 1, 2, 3}, {5}), mask({2, 3, 4}, {5, 6})
    assert measures(safety, control) == (3 / 7, 3 / 5)
    assert measures(control, safety) == (3 / 7, 3 / 5)
    assert measures(mask({0, 1}), mask({1})) == (0.5, 0.5)
    assert measures(mask({1}), mask({0, 1})) == (0.5, 1.0)


def test_chance_is_counted_layer_by_layer():
    # 4 of 10 and 3 of 10 in the first layer, 1 and 2 in the second: (1.2 + 0.2) / 5
    assert expected_containment(mask({0, 1, 2, 3}, {5}), mask({2, 3, 4}, {5, 6})) == pytest.approx(
        0.28
    )
    assert expected_containment(mask({0}, ()), mask((), {0})) == 0.0


def test_a_row_holds_the_measures_beside_their_null():
    rng = np.random.default_rng(0)
    safety, control = rng.random((2, 3, 200)) < 0.2
    row = control_row(safety, control, CONTEXT, 400, 0)
    jaccard, containment = measures(safety, control)
    assert row.items() >= CONTEXT.items()
    assert (row["jaccard"], row["containment"]) == (jaccard, containment)
    assert row["shared"] == (safety & control).sum()
    assert (row["n_safety"], row["n_control"]) == (safety.sum(), control.sum())
    # independent sets lie within their null, and its mean is near the exact expectation
    assert row["containment"] < row["containment_null_high"] < 0.32
    assert row["containment_null"] == pytest.approx(control.mean(), abs=0.01)
    assert row["jaccard_null"] == pytest.approx(0.2 * 0.2 / 0.36, abs=0.02)


def test_equal_sets_are_far_above_chance():
    safety = np.random.default_rng(0).random((2, 300)) < 0.1
    row = control_row(safety, safety, CONTEXT, 50, 0)
    assert (row["jaccard"], row["containment"]) == (1.0, 1.0)
    assert row["jaccard_null_high"] < 0.2


def test_an_empty_set_is_refused():
    with pytest.raises(ValueError, match="empty"):
        control_row(mask({0}), mask(()), CONTEXT, 10, 0)
