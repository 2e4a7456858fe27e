"""The figure of pruning attacks, read back from its axes."""

import pyarrow as pa
import pytest
from matplotlib import pyplot as plt

from safeneuron.figures import attack
from safeneuron.results.attack_success import ATTACK_SUCCESS
from safeneuron.results.counts import OVERALL

ROW = dict.fromkeys(ATTACK_SUCCESS.names) | {
    "model": "m", "arm": "base", "round": 0, "seed": 0, "gate": "passed",
    "pooling": "meanabs", "judge": "oracle", "benchmark": "harmful", "category": OVERALL,
    "n_neurons": 8, "n_prompts": 10, "n_harmful": 5, "asr": 0.5, "asr_low": 0.25, "asr_high": 0.75,
    "complied": 0.5, "attempted": 0.0, "refused": 0.5, "broken": 0.0, "harmless": 0.0,
    "unjudged": 0.0,
    "utility": 1.0,
}  # fmt: skip


def test_every_row_of_panels_says_which_attack_it_is():
    rows = [
        ROW | {"attack": "clean", "target": "none", "n_neurons": 0},
        *(ROW | {"attack": "magnitude", "target": name} for name in ("es", "sas", "es+sas")),
        # one target that is neither, so that it is drawn under FULL alone
        ROW | {"attack": "written", "target": "write_sas"},
    ]
    figure = attack.draw(pa.Table.from_pylist(rows, schema=ATTACK_SUCCESS), "oracle")
    shown = [axis for axis in figure.axes if axis.axison]
    assert [axis.get_ylabel().split(" ")[0] for axis in shown] == ["magnitude", "", "", "written"]
    numbered = [
        any(tick.label1.get_visible() for tick in axis.yaxis.get_major_ticks()) for axis in shown
    ]
    assert numbered == [True, False, False, True]
    plt.close(figure)


def test_an_attack_on_other_targets_is_drawn_from_the_left_under_its_own_titles():
    rows = [
        ROW | {"attack": "clean", "target": "none", "n_neurons": 0},
        *(ROW | {"attack": "magnitude", "target": name} for name in ("es", "sas", "es+sas")),
        ROW | {"attack": "gradient", "target": "taylor", "fraction": 0.1},
    ]
    figure = attack.draw(pa.Table.from_pylist(rows, schema=ATTACK_SUCCESS), "oracle")
    titles = [axis.get_title("left") for axis in figure.axes if axis.axison]
    assert titles == ["ES", "SAS", "FULL", "TAYLOR"]
    assert [axis.axison for axis in figure.axes] == [True, True, True, True, False, False]
    assert figure.axes[3].get_ylabel().startswith("gradient")
    plt.close(figure)


@pytest.mark.parametrize("utility", [1.0, None])
def test_the_legend_has_exact_answers_where_a_judge_knows_them(utility):
    rows = [
        ROW | {"attack": "clean", "target": "none", "n_neurons": 0, "utility": utility},
        ROW | {"attack": "magnitude", "target": "es+sas", "utility": utility},
    ]
    figure = attack.draw(pa.Table.from_pylist(rows, schema=ATTACK_SUCCESS), "oracle")
    (legend,) = figure.legends
    shown = [text.get_text() for text in legend.get_texts()]
    assert ("safe prompts exact" in shown) is (utility is not None)
    assert "ASR, 95 % interval" in shown
    plt.close(figure)


def test_all_below_the_refusals_was_not_refused():
    shares = {"complied": 0.4, "attempted": 0.2, "broken": 0.1, "refused": 0.3}
    rows = [
        ROW | {"attack": "clean", "target": "none", "n_neurons": 0},
        ROW | {"attack": "magnitude", "target": "es+sas"} | shares,
    ]
    figure = attack.draw(pa.Table.from_pylist(rows, schema=ATTACK_SUCCESS), "oracle")
    bars = {
        part.get_label(): part[1]
        for part in figure.axes[0].containers
        if part.get_label() in shares
    }
    tops = {name: bar.get_y() + bar.get_height() for name, bar in bars.items()}
    assert tops == pytest.approx({"complied": 0.4, "attempted": 0.6, "broken": 0.7, "refused": 1})
    assert len({bar.get_facecolor() for bar in bars.values()}) == 4
    plt.close(figure)


def test_an_attack_without_a_set_of_its_own_has_its_shares_alone():
    rows = [
        ROW | {"attack": "clean", "target": "none", "n_neurons": 0},
        *(ROW | {"attack": "taylor", "target": "taylor", "fraction": f} for f in (0.05, 0.2)),
    ]
    figure = attack.draw(pa.Table.from_pylist(rows, schema=ATTACK_SUCCESS), "oracle")
    names = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert names == ["ORI", "5 %", "20 %"]
    plt.close(figure)
