"""Areas between the curves of a ranking read from both ends, against sums by hand."""

import numpy as np
import pytest

from safeneuron.figures import causal_audit as figure
from safeneuron.figures.style import save
from safeneuron.results.causal_audit import CAUSAL_AUDIT, CAUSAL_CURVES, area, causal_audit
from safeneuron.results.outcomes import Sample
from safeneuron.results.settings import AuditedRanking
from safeneuron.results.wide import as_markdown, keys_of
from safeneuron.statistics.crossed import crossed_mean, difference_of_shares_interval
from unit.results.judged import CLEAN, cell, judged

RANKINGS = [AuditedRanking(selection="magnitude", most="magnitude", least="low")]
SHARES = (0.1, 0.4)
# verdicts on four harmful and two safe prompts: by attack, share, seed; then of the control
MOST = {0.1: ["crrr", "ccrr"], 0.4: ["cccc", "cccr"]}
LEAST = {0.1: ["rrrr", "rrrr"], 0.4: ["crrr", "rrrr"]}
RANDOM = {0.1: ["rrrr", "crrr"], 0.4: ["crrr", "crrr"]}
CLEANLY = ["rrrr", "rrrc"]


def verdicts():
    rows = []
    for seed in (0, 1):
        rows += cell("base", 0, seed, CLEANLY[seed], safe="ee", **CLEAN)
        for attack, real in (("magnitude", MOST), ("low", LEAST)):
            # a set as identified, which is no point of a curve
            rows += cell("base", 0, seed, "bbbb", safe="bb", attack=attack, fraction=None)
            for share in SHARES:
                about = {"attack": attack, "fraction": share, "n_neurons": round(100 * share)}
                rows += cell("base", 0, seed, real[share][seed], safe="eb", **about)
                for control in (0, 1):
                    said = RANDOM[share][seed] if attack == "magnitude" else "rrrr"
                    rows += cell("base", 0, seed, said, safe="ee", control_seed=control, **about)
    return rows


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    run = judged(tmp_path_factory.mktemp("audit"), verdicts())
    return causal_audit(run.rows, ["oracle"], run.outcomes, RANKINGS)


def complied(said):
    return np.array([[letter == "c" for letter in one] for one in said], dtype=float)


def mean_curve(curve):
    """By hand: trapezoids from the clean model to .1 and from there to .4, over .4."""
    clean, low, high = complied(CLEANLY), complied(curve[0.1]), complied(curve[0.4])
    return (0.1 * (clean + low) / 2 + 0.3 * (low + high) / 2) / 0.4


def find(rows, **key):
    (found,) = (r for r in rows if all(r[k] == v for k, v in key.items()))
    return found


@pytest.mark.parametrize(
    ("between", "first", "second"),
    [("most-least", MOST, LEAST), ("most-random", MOST, RANDOM)],
)
def test_areas_are_sums_of_trapezoids_paired_by_seed_and_prompt(tables, between, first, second):
    areas, _ = tables
    assert set(areas[0]) == set(CAUSAL_AUDIT.names)
    row = find(areas, between=between, column="complied")
    difference = crossed_mean(mean_curve(first) - mean_curve(second), np.arange(4))
    assert row["mean"] == pytest.approx(difference.mean)
    interval = difference_of_shares_interval(difference)
    assert (row["low"], row["high"]) == pytest.approx(tuple(interval))
    assert (row["seeds"], row["upto"], row["selection"]) == (2, 0.4, "magnitude")


def test_the_other_end_has_random_neurons_of_its_own(tables):
    row = find(tables[0], between="least-random_least", column="complied")
    none = {share: ["rrrr", "rrrr"] for share in SHARES}
    assert row["mean"] == pytest.approx((mean_curve(LEAST) - mean_curve(none)).mean())


def test_utility_has_an_area_too(tables):
    row = find(tables[0], between="most-random", column="utility")
    # one of two safe prompts is lost from .1 on: half of it lies below the first trapezoid
    assert row["mean"] == pytest.approx(-0.5 * (0.05 + 0.3) / 0.4)
    assert find(tables[0], between="most-least", column="utility")["mean"] == 0


def test_curves_begin_at_the_clean_model_and_say_how_many_neurons(tables):
    _, points = tables
    assert set(points[0]) == set(CAUSAL_CURVES.names)
    most = [r for r in points if (r["curve"], r["column"]) == ("most", "complied")]
    assert [(r["fraction"], r["mean"]) for r in most] == [
        (0.0, 1 / 8),
        (0.1, 3 / 8),
        (0.4, 7 / 8),
    ]
    neurons = [r for r in points if (r["curve"], r["column"]) == ("random", "neurons")]
    assert [r["mean"] for r in neurons] == [0, 10, 40]


def test_a_share_that_is_not_known_everywhere_has_no_area():
    sample = Sample(np.ones((1, 3)), np.arange(3))
    assert area([sample, sample], SHARES) is None
    np.testing.assert_allclose(area([sample] * 3, SHARES).values, 1)


def test_an_attack_without_its_other_end_has_no_rows(tmp_path):
    run = judged(tmp_path, verdicts())
    other = [AuditedRanking(selection="paper", most="paper", least="paper-least")]
    assert causal_audit(run.rows, ["oracle"], run.outcomes, other) == ([], [])


def test_for_reading_there_is_a_line_a_pair_of_curves(tables):
    text = as_markdown(tables[0], keys_of(CAUSAL_AUDIT), "t")
    assert "| m | base | 0 | magnitude | es+sas | most-random | 0.4 |" in text


def test_the_figure_is_drawn(tables, tmp_path):
    import pyarrow as pa

    table = pa.Table.from_pylist(tables[1], schema=CAUSAL_CURVES)
    drawn = figure.draw(table)
    lines = drawn.axes[0].get_lines()
    shown = {line.get_label().partition(":")[0]: line.get_ydata().tolist() for line in lines}
    assert shown["MoRF"] == [1 / 8, 3 / 8, 7 / 8]
    save(drawn, tmp_path / "f.png")
    assert (tmp_path / "f.png").stat().st_size > 10_000
