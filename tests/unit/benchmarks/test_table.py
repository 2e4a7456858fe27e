"""Table, files, growth and comparison, of made-up figures."""

from dataclasses import replace

import pytest
from benchmarks import compare, plots, table
from benchmarks.figures import (
    Curve,
    Figure,
    Found,
    Goal,
    LeftOut,
    NotGivenError,
    load,
    save,
    together,
)
from benchmarks.row import ROWS, measured
from PIL import Image

FAST = Figure(
    "probe", "speed-up", "epochs", 25.0, 20.0, 31.0, "x", Goal(at_least=20), 1e-4, "of AUC"
)
SLOW = Figure("dag", "10 jobs", "bare", 3.4, 3.0, 4.0, "x", Goal(at_most=1.5))
SECONDS = Figure("dag", "10 jobs, seconds", "", 1234.5, 1000.0, 2000.0, "s")
MEMORY = Figure("tables", "memory", "", 1000.0, 1000.0, 1000.0, "MiB", Goal(at_most=2048))
CURVE = Curve("capture", "seconds", "tokens", [10, 20, 40, 80], [1.0, 2.1, 4.0, 8.8], "s", 1)
FOUND = Found([FAST, SLOW, SECONDS, MEMORY], [CURVE], [LeftOut("padding", "no prompts")])


def test_the_table_has_goal_and_error_beside_what_was_measured():
    lines = table.markdown(FOUND).splitlines()
    assert lines[2:6] == [
        "| `probe` | speed-up | 25 x | 20 to 31 | ≥ 20 x | yes | epochs | 0.0001 of AUC |",
        "| `dag` | 10 jobs | 3.4 x | 3 to 4 | ≤ 1.5 x | **no** | bare |  |",
        "| `dag` | 10 jobs, seconds | 1,234 s | 1,000 to 2,000 |  |  |  |  |",
        "| `tables` | memory | 1,000 MiB |  | ≤ 2048 MiB | yes |  |  |",
    ]
    assert lines[-1] == "- `padding`: no prompts"
    assert {line.count("|") for line in lines[:6]} == {9}


@pytest.mark.parametrize(
    ("goal", "met", "missed"), [(Goal(at_most=2.0), 2.0, 2.1), (Goal(at_least=2.0), 2.0, 1.9)]
)
def test_a_goal_is_met_at_its_bound(goal, met, missed):
    assert goal.met_by(met) and not goal.met_by(missed)


def test_growth_is_beside_what_is_allowed():
    assert CURVE.growth().value == pytest.approx(1.1)
    assert CURVE.growth().met is True
    assert replace(CURVE, costs=[1.0, 2.0, 4.0, 9.3]).growth().met is False
    flat = replace(CURVE, unit="MiB", power=0, costs=[100.0, 100.2, 100.9, 101.0])
    assert flat.growth().value == pytest.approx(1.01) and flat.growth().met is True
    assert replace(flat, costs=[100.0, 101, 101, 102]).growth().met is False


def test_what_is_written_is_read_again(tmp_path):
    save(tmp_path / "new" / "figures.json", FOUND)
    assert load(tmp_path / "new" / "figures.json") == FOUND


def test_rows_are_put_together_in_order():
    parts = [Found([FAST], [CURVE]), Found(left_out=FOUND.left_out), Found(FOUND.figures[1:])]
    assert together(parts) == FOUND


def with_first(**changes):
    return replace(FOUND, figures=[replace(FAST, **changes), *FOUND.figures[1:]])


def test_a_run_like_its_baseline_departs_in_nothing():
    assert list(compare.departures(FOUND, FOUND)) == []
    assert list(compare.departures(with_first(value=25 * 1.149), FOUND)) == []
    other = [FAST, SLOW, replace(SECONDS, value=9.0), replace(MEMORY, value=1009.0)]
    assert list(compare.departures(replace(FOUND, figures=other), FOUND)) == []


@pytest.mark.parametrize("value", [25 * 1.16, 25 * 0.84])
def test_a_ratio_may_differ_by_15_percent_either_way(value):
    (line,) = compare.departures(with_first(value=value), FOUND)
    assert line.startswith("probe: speed-up: ") and "25 before; more than 15% apart" in line


def test_memory_may_differ_by_1_percent():
    run = replace(FOUND, figures=[FAST, SLOW, SECONDS, replace(MEMORY, value=1011.0)])
    (line,) = compare.departures(run, FOUND)
    assert line == "tables: memory: 1011 MiB, 1000 before; more than 1% apart"


def test_a_goal_that_was_met_and_is_missed_is_told_within_the_tolerance_too():
    before = with_first(value=20.5)
    (line,) = compare.departures(with_first(value=19.5), before)
    assert line == "probe: speed-up: 19.5 x misses the goal, ≥ 20, which was met"


def test_figures_that_are_missing_are_told_and_new_ones_not():
    fewer = Found(FOUND.figures[1:], [], [LeftOut("probe", "no checkpoint")])
    assert list(compare.departures(fewer, FOUND)) == [
        "probe: speed-up: 25 x before, now missing (no checkpoint)"
    ]
    assert list(compare.departures(FOUND, fewer)) == []


def test_curves_are_drawn_a_panel_each(tmp_path):
    plots.draw([CURVE] * 4, tmp_path / "scaling.png")
    assert Image.open(tmp_path / "scaling.png").size == (1440, 720)  # two rows of three


def test_a_row_that_lacks_something_is_left_out(monkeypatch):
    def lacking(manifest):
        raise NotGivenError("no checkpoint was given")

    monkeypatch.setattr("benchmarks.rows.overlap.measured", lacking)
    assert measured("overlap", None) == Found(
        left_out=[LeftOut("overlap", "no checkpoint was given")]
    )
    assert {"overlap", "capture", "dag"} <= set(ROWS)
