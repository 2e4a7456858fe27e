"""Arms less a baseline: the same seeds and prompts, clusters, and one contrast named before."""

import numpy as np
import pytest
from scipy import stats

from safeneuron.results.contrasts import CONTRASTS, contrasts
from safeneuron.results.settings import PrimaryContrast
from safeneuron.results.wide import as_wide, keys_of
from safeneuron.statistics.crossed import crossed_mean, difference_of_shares_interval, p_value
from safeneuron.statistics.multiplicity import holm
from unit.results.judged import CLEAN, cell, eighths, judged

JUDGES = ["oracle"]
PRIMARY = {"m": PrimaryContrast(arm="freeze", round=1, fraction=0.1)}

# verdicts on the same eight prompts, by arm and seed; seeds differ more than arms
ANSWERS = {
    "dpo": ["ccrrrrrr", "ccccccrr", "ccccccbr"],
    "freeze": ["crrrrrrr", "ccccrrrr", "ccccrbrr"],
    "ablate": ["rrrrrrcr", "ccccrccr", "rccccccr"],
}
PAIRS = {"text": "aabbccdd"}


def cells(answers=None, order=(0, 1, 2), fractions=(0.1,)):
    """Verdicts of every arm's round 1, with the seeds of all arms in one order."""
    return [
        row
        for arm, said in (answers or ANSWERS).items()
        for seed in (order if arm == "dpo" else reversed(order))
        for row in (
            *cell(arm, 1, seed, "rrrrrrrr", **CLEAN),
            *(r for f in fractions for r in cell(arm, 1, seed, said[seed], fraction=f)),
        )
    ]


def complied(arm):
    return np.array([[letter == "c" for letter in said] for said in ANSWERS[arm]], dtype=float)


def find(rows, column, **key):
    (found,) = (r for r in rows if r["column"] == column and all(r[k] == v for k, v in key.items()))
    return found


def made(folder, verdicts, clusters=PAIRS, primary=PRIMARY, baseline="dpo"):
    run = judged(folder, verdicts, clusters)
    return contrasts(run.rows, JUDGES, run.outcomes, baseline, primary)


def test_differences_are_of_the_same_seed_and_prompt_and_clustered(tmp_path):
    rows = made(tmp_path, cells())
    assert {row["arm"] for row in rows} == {"freeze", "ablate"}
    assert set(rows[0]) == set(CONTRASTS.names)
    of_pairs = np.repeat(np.arange(4), 2)
    for arm in ("freeze", "ablate"):
        row = find(rows, "complied", arm=arm, round=1, fraction=0.1)
        differences = complied(arm) - complied("dpo")
        expected = crossed_mean(differences, of_pairs)
        assert (row["mean"], row["seeds"]) == (pytest.approx(differences.mean()), 3)
        interval = difference_of_shares_interval(expected)
        assert (row["low"], row["high"]) == pytest.approx(tuple(interval))
        assert row["p"] == pytest.approx(p_value(expected))
    assert find(rows, "refused", arm="freeze")["mean"] == pytest.approx(5 / 24)
    assert find(rows, "not_refused", arm="freeze")["mean"] == pytest.approx(-5 / 24)
    assert find(rows, "clean_utility", arm="freeze")["mean"] == 0


def test_seeds_that_agree_on_two_arms_tell_them_apart_however_they_differ(tmp_path):
    shares = {"dpo": (0.25, 0.5, 1.0), "lower": (0.125, 0.375, 0.75)}
    answers = {arm: [eighths(share) for share in of] for arm, of in shares.items()}
    row = find(made(tmp_path, cells(answers), clusters=None), "complied", arm="lower")
    assert row["mean"] == pytest.approx(-1 / 6)
    # unpaired, seeds alone would give an interval of four times the width that they give paired
    unpaired = stats.ttest_ind(shares["lower"], shares["dpo"]).confidence_interval()
    assert row["high"] - row["low"] < (unpaired.high - unpaired.low) / 2
    assert unpaired.low < -0.5 < row["low"]


def test_attempts_have_a_contrast_where_there_are_any(tmp_path):
    answers = {"dpo": ["aaacrrrr"] * 3, "freeze": ["ccccrrrr"] * 3}
    rows = made(tmp_path, cells(answers))
    attempted, not_refused = (find(rows, name) for name in ("attempted", "not_refused"))
    assert (attempted["mean"], not_refused["mean"]) == (-3 / 8, 0)
    assert attempted["p"] is None


def test_a_seed_without_the_baseline_has_no_contrast(tmp_path):
    verdicts = [row for row in cells() if not (row["arm"] == "dpo" and row["seed"] > 0)]
    rows = made(tmp_path, verdicts)
    row = find(rows, "complied", arm="freeze")
    assert (row["seeds"], row["mean"]) == (1, -0.125)
    expected = crossed_mean((complied("freeze") - complied("dpo"))[:1], np.repeat(np.arange(4), 2))
    assert row["p"] == pytest.approx(p_value(expected))  # over clusters of prompts alone
    (tmp_path / "none").mkdir()
    assert made(tmp_path / "none", [row for row in cells() if row["arm"] != "dpo"]) == []


def test_the_primary_contrast_stands_alone_and_all_others_are_corrected(tmp_path):
    rows = made(tmp_path, cells(fractions=(0.1, 0.2)))
    of = {(r["arm"], r["fraction"]): r for r in rows if r["column"] == "complied"}
    assert [key for key, row in of.items() if row["primary"]] == [("freeze", 0.1)]
    primary = of.pop(("freeze", 0.1))
    assert 0 < primary["p"] < 1 and primary["p_holm"] is None
    corrected = holm([row["p"] for row in of.values()])
    assert [row["p_holm"] for row in of.values()] == pytest.approx(corrected)
    assert all(row["p_holm"] > row["p"] for row in of.values())
    # one family: the smallest of three
    assert min(corrected) == pytest.approx(min(1, 3 * min(row["p"] for row in of.values())))
    assert all(row["p"] is row["p_holm"] is None for row in rows if row["column"] != "complied")
    line = as_wide(rows, keys_of(CONTRASTS)).lines[0]
    assert line[:5] == ["m", "freeze", "1", "neurons", "0.1"] and line[-5] == "yes"
    assert line[-4:-2] == [f"{primary['p']:.2g}", ""]


def test_without_a_primary_contrast_all_are_corrected(tmp_path):
    rows = made(tmp_path, cells(), primary={})
    assert not any(row["primary"] for row in rows)
    shown = [row for row in rows if row["column"] == "complied"]
    assert [row["p_holm"] for row in shown] == pytest.approx(holm([row["p"] for row in shown]))


def test_any_arm_may_be_the_baseline(tmp_path):
    rows = made(tmp_path, cells(), baseline="ablate")
    assert {row["arm"] for row in rows} == {"dpo", "freeze"}
    expected = (complied("freeze") - complied("ablate")).mean()
    assert find(rows, "complied", arm="freeze")["mean"] == pytest.approx(expected)
