import math

import numpy as np
import pytest
from scipy import stats

from safeneuron.statistics.intervals import (
    Interval,
    difference_interval,
    mean_interval,
    normal_interval,
    prediction_interval,
    wilson_interval,
)


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
@pytest.mark.parametrize("trials", [1, 2, 7, 20, 500])
def test_wilson_interval_is_scipys(trials, confidence):
    for hits in range(trials + 1):
        expected = stats.binomtest(hits, trials).proportion_ci(confidence, method="wilson")
        found = wilson_interval(hits, trials, confidence)
        assert found == pytest.approx(tuple(expected), abs=1e-12)


def test_the_95_percent_intervals_are_to_the_bit_those_of_1_959963984540054():
    z = 1.959963984540054
    assert normal_interval(0.5, 0.1) == (0.5 - z * 0.1, 0.5 + z * 0.1)
    spread = z * math.sqrt(0.3 * 0.7 / 10 + z * z / 400)
    assert wilson_interval(3, 10).high == (0.3 + z * z / 20 + spread) / (1 + z * z / 10)


@pytest.mark.parametrize("trials", [1, 3, 1000, 10**9])
def test_no_hits_start_at_exactly_zero_and_only_hits_end_at_exactly_one(trials):
    assert wilson_interval(0, trials).low == 0
    assert wilson_interval(trials, trials).high == 1


def test_more_confidence_gives_a_wider_interval():
    wide, usual, narrow = (wilson_interval(3, 10, share) for share in (0.99, 0.95, 0.68))
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


def test_a_mean_over_repeats_has_the_interval_of_its_share():
    low, high = wilson_interval(2.5, 10)
    between = (wilson_interval(2, 10), wilson_interval(3, 10))
    assert between[0].low < low < between[1].low and between[0].high < high < between[1].high


def test_normal_interval_is_1_96_standard_errors_either_side():
    assert normal_interval(0.5, 0.1) == pytest.approx((0.304004, 0.695996), abs=1e-6)


def test_the_interval_of_a_difference_is_newcombes():
    # 56/70 and 48/80: Newcombe (1998), table II, method 10
    shares = [(56 / 70, wilson_interval(56, 70)), (48 / 80, wilson_interval(48, 80))]
    (first, of_first), (second, of_second) = shares
    interval = difference_interval(first, [of_first], second, [of_second])
    assert interval == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert difference_interval(second, [of_second], first, [of_first]) == pytest.approx(
        (-interval.high, -interval.low)
    )


def test_sources_of_error_add_in_squares():
    prompts, seeds, printed = Interval(0.5, 0.8), Interval(0.2, 1.0), Interval(0.0, 0.3)
    low, high = difference_interval(0.6, [prompts, seeds], 0.1, [printed])
    assert low == pytest.approx(0.5 - math.sqrt(0.1**2 + 0.4**2 + 0.2**2))
    assert high == pytest.approx(0.5 + math.sqrt(0.2**2 + 0.4**2 + 0.1**2))


def test_a_prediction_interval_holds_the_next_value_as_often_as_it_says():
    rng = np.random.default_rng(0)
    draws = rng.normal(3, 2, size=(4000, 6))
    held = [low <= row[-1] <= high for row in draws for low, high in [prediction_interval(row[:5])]]
    assert np.mean(held) == pytest.approx(0.95, abs=0.012)


def test_a_prediction_interval_by_hand():
    # mean 2, standard deviation 1, t(2, .975) = 4.302653
    reach = 4.302652729696142 * math.sqrt(4 / 3)
    assert prediction_interval([1, 2, 3]) == pytest.approx((2 - reach, 2 + reach))
    assert all(map(math.isnan, prediction_interval([1.0])))
