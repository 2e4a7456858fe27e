import math

import pytest
from scipy import stats

from safeneuron.statistics import mean_interval, wilson_interval


@pytest.mark.parametrize("trials", [1, 2, 7, 20, 500])
def test_wilson_interval_is_scipys(trials):
    for hits in range(trials + 1):
        expected = stats.binomtest(hits, trials).proportion_ci(method="wilson")
        assert wilson_interval(hits, trials) == pytest.approx(tuple(expected), abs=1e-12)


@pytest.mark.parametrize("trials", [1, 3, 1000, 10**9])
def test_no_hits_start_at_exactly_zero_and_only_hits_end_at_exactly_one(trials):
    assert wilson_interval(0, trials).low == 0
    assert wilson_interval(trials, trials).high == 1


def test_a_higher_z_gives_a_wider_interval():
    wide, usual, narrow = (wilson_interval(3, 10, z) for z in (2.5758, 1.96, 1.0))
    assert wide.low < usual.low < narrow.low < 0.3 < narrow.high < usual.high < wide.high


def test_nothing_is_known_after_no_trials():
    assert all(math.isnan(bound) for bound in wilson_interval(0, 0))


@pytest.mark.parametrize(("hits", "trials"), [(-1, 5), (6, 5), (1, 0)])
def test_impossible_counts_are_an_error_that_shows_them(hits, trials):
    with pytest.raises(ValueError, match=f"{hits} hits in {trials} trials"):
        wilson_interval(hits, trials)


@pytest.mark.parametrize("confidence", [0.5, 0.95])
@pytest.mark.parametrize("values", [[0.2, 0.4], [0.1, 0.9, 0.5, 0.5, 0.7]], ids=len)
def test_the_interval_of_a_mean_is_students(values, confidence):
    expected = stats.t.interval(
        confidence, df=len(values) - 1, loc=sum(values) / len(values), scale=stats.sem(values)
    )
    assert mean_interval(values, confidence) == pytest.approx(expected)


def test_equal_seeds_have_an_interval_of_no_width():
    assert mean_interval([0.5, 0.5, 0.5]) == (0.5, 0.5)


@pytest.mark.parametrize("values", [[], [0.5]])
def test_one_seed_says_nothing_about_others(values):
    assert all(math.isnan(bound) for bound in mean_interval(values))
