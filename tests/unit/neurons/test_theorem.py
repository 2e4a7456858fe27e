"""Theorem 3.1: the bound as printed, with the factor that it lacks, and what is simulated."""

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from safeneuron.neurons.criteria.effect_size import effect_size
from safeneuron.neurons.theorem import (
    corrected_bound,
    exact_chance,
    printed_bound,
    simulated_effect_sizes,
    threshold,
)
from synthetic import moments_of

REPOSITORY = Path(__file__).parents[3]
PAGE = (REPOSITORY / "docs/theorem.md").read_text(encoding="utf-8")
SIMULATED = PAGE[: PAGE.index("![")]


def test_simulated_effect_sizes_are_those_of_moments():
    samples = np.random.default_rng(0).normal(size=(17, 6))
    d = effect_size(moments_of(samples[:7, None]), moments_of(samples[7:, None]))
    np.testing.assert_allclose(simulated_effect_sizes(samples, 7), d[0], rtol=1e-12)


@pytest.mark.parametrize(("n_unsafe", "n_safe"), [(6, 6), (20, 5), (40, 80)])
def test_the_exact_chance_is_what_students_test_gives_and_what_is_seen(n_unsafe, n_safe):
    rng = np.random.default_rng(1)
    samples = rng.normal(3, 2, size=(n_unsafe + n_safe, 50_000))
    d = simulated_effect_sizes(samples, n_unsafe)
    p = stats.ttest_ind(samples[:n_unsafe], samples[n_unsafe:], alternative="greater").pvalue
    for tau in (0.2, 0.5):
        chance = exact_chance(tau, n_unsafe, n_safe)
        np.testing.assert_array_equal(d > tau, p < chance)  # one and the same test
        assert np.mean(d > tau) == pytest.approx(chance, abs=4 * math.sqrt(0.25 / 50_000))


def test_the_printed_bound_is_vacuous_and_the_corrected_one_is_the_limit():
    assert printed_bound(2.0) == pytest.approx(stats.norm.sf(2))
    for n in (20, 200, 2_000):
        tau = 3 / math.sqrt(n / 2)  # three standard errors
        assert corrected_bound(tau, n, n) == pytest.approx(stats.norm.sf(3))
    ratios = [exact_chance(3 / math.sqrt(n / 2), n, n) / stats.norm.sf(3) for n in (20, 200, 2_000)]
    assert ratios[0] > ratios[1] > ratios[2] == pytest.approx(1, abs=0.02)
    assert printed_bound(0.5) / exact_chance(0.5, 200, 200) > 1e5


def test_the_threshold_of_a_level_is_passed_by_that_share():
    tau = threshold(0.05, 300, 150)
    assert corrected_bound(tau, 300, 150) == pytest.approx(0.05)
    assert tau == pytest.approx(1.6449 / 10, rel=1e-4)


def as_shown(share):
    if share == 0:
        return "0"
    if share >= 0.001:
        return f"{share:.3f}".removeprefix("0")
    return f"{share:.0e}".replace("e-0", "e-")


def test_the_pages_table_is_what_was_simulated():
    with (REPOSITORY / "benchmarks/theorem.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    header, _, printed, *lines = (
        [cell.strip() for cell in line[1:-1].split("|")]
        for line in SIMULATED.splitlines()
        if line.startswith("|")
    )
    thresholds = [float(cell.removeprefix("`d` > ")) for cell in header[1:]]
    assert printed[1:] == [as_shown(stats.norm.sf(tau)) for tau in thresholds]
    assert {line[0] for line in lines} == {row["prompts"] for row in rows}
    for prompts, *cells in lines:
        for tau, cell in zip(thresholds, cells, strict=True):
            bound, _, seen = cell.partition("; ")
            share = stats.norm.sf(tau * math.sqrt(int(prompts) / 2))
            assert bound == (as_shown(share) if share else "<1e-300")
            of = [r for r in rows if r["prompts"] == prompts and float(r["threshold"]) == tau]
            assert seen == ", ".join(as_shown(float(row["simulated"])) for row in of)
