import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from safeneuron.statistics.intervals import wilson_interval

counts = st.integers(1, 10**6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(counts)
def test_wilson_interval_is_scipys_and_holds_the_share(count):
    hits, trials = count
    interval = wilson_interval(hits, trials)
    expected = binomtest(hits, trials).proportion_ci(method="wilson")
    assert interval == pytest.approx(tuple(expected), rel=1e-9, abs=1e-12)
    assert 0 <= interval.low <= hits / trials <= interval.high <= 1


@given(counts)
def test_hits_and_misses_mirror_each_other(count):
    hits, trials = count
    low, high = wilson_interval(hits, trials)
    assert wilson_interval(trials - hits, trials) == pytest.approx((1 - high, 1 - low), abs=1e-12)
