"""The figure of attacks over their strengths, read back from its axes."""

import numpy as np
import pyarrow as pa
import pytest
from matplotlib import pyplot as plt

from safeneuron.figures import attack_curves
from safeneuron.results.attack_success import ATTACK_SUCCESS
from safeneuron.results.counts import OVERALL

ROW = dict.fromkeys(ATTACK_SUCCESS.names) | {
    "model": "m", "arm": "base", "round": 0, "seed": 0, "gate": "passed", "judge": "oracle",
    "benchmark": "harmful", "category": OVERALL, "n_neurons": 0, "n_prompts": 10,
    "attack": "clean", "target": "none", "operator": "none",
}  # fmt: skip


def row(complied, utility, **about):
    shares = {
        "complied": complied, "asr": complied, "asr_low": complied / 2,
        "asr_high": (1 + complied) / 2, "not_refused": complied, "not_refused_low": complied / 2,
        "not_refused_high": (1 + complied) / 2, "utility": utility,
    }  # fmt: skip
    return ROW | shares | about


def curve(attack, operator, complied, arm="base", number=0, seed=0, utility=1.0):
    of = {"arm": arm, "round": number, "seed": seed}
    about = of | {"attack": attack, "operator": operator, "target": "weights"}
    return [
        row(0.0, utility, **of),
        *(row(share, utility, strength=s, **about) for s, share in complied.items()),
        *(row(0.25, utility, strength=s, control_seed=0, **about) for s in complied),
    ]


def drawn(rows):
    unique = {tuple(one.items()): one for one in rows}
    table = pa.Table.from_pylist([*unique.values()], schema=ATTACK_SUCCESS)
    return attack_curves.draw(table, "oracle")


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def lines(axis):
    return {line.get_label(): line.get_xydata() for line in axis.lines
            if not line.get_label().startswith("_")}  # fmt: skip


def test_a_curve_begins_at_the_clean_model_and_has_its_control_beside_it():
    figure = drawn(
        [
            *curve("again", "relearn", {5.0: 0.5, 80.0: 1.0}),
            *curve("back", "interpolate", {0.5: 0.1, 1.0: 0.9}),
        ]
    )
    assert len(figure.axes) == 2 * 3
    again, back = figure.axes[0], figure.axes[3]
    found = lines(again)
    np.testing.assert_array_equal(found["T0"], [[0, 0], [5, 0.5], [80, 1]])
    np.testing.assert_array_equal(found["T0, random control"], [[0, 0], [5, 0.25], [80, 0.25]])
    np.testing.assert_array_equal(lines(figure.axes[2])["T0"][:, 1], [1, 1, 1])
    assert [text.get_text() for text in again.get_xticklabels()] == ["0", "5", "80"]
    assert [text.get_text() for text in back.get_xticklabels()] == ["0", ".5", "1"]
    assert (again.get_xscale(), back.get_xscale()) == ("symlog", "linear")
    assert again.get_xlabel() == "steps of training"
    assert back.get_xlabel() == "share of the other weights"
    assert again.get_ylabel().startswith("again\n")


def test_it_is_the_state_that_missed_its_gate_and_not_the_model():
    late = [row | {"gate": "missed"} for row in curve("again", "relearn", {1.0: 0.2}, "freeze", 2)]
    figure = drawn([*curve("again", "relearn", {1.0: 0.5}), *late])
    assert {"T0", "freeze, T2 (gate missed)"} < {*lines(figure.axes[0])}
    assert "missed" not in figure.get_suptitle()


def test_lines_are_of_t0_and_each_arms_last_round_and_of_all_seeds():
    figure = drawn(
        [
            *curve("again", "relearn", {1.0: 0.5}, seed=0, utility=None),
            *curve("again", "relearn", {1.0: 1.0}, seed=1, utility=None),
            *curve("again", "relearn", {1.0: 0.9}, "freeze", 1, utility=None),
            *curve("again", "relearn", {1.0: 0.2}, "freeze", 2, utility=None),
        ]
    )
    assert len(figure.axes) == 2  # a judge that does not know what is exact
    found = lines(figure.axes[0])
    assert {*found} == {"T0", "freeze, T2", "T0, random control", "freeze, T2, random control"}
    np.testing.assert_array_equal(found["T0"], [[0, 0], [1, 0.75]])
    np.testing.assert_array_equal(found["freeze, T2"], [[0, 0], [1, 0.2]])
    assert figure.get_suptitle().endswith("judge oracle, mean of 2 seeds")
