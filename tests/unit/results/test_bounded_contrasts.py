"""Bounded worst cases less a baseline's: the same kinds of attacks, seeds and prompts."""

import numpy as np
import pytest

from safeneuron.results.bounded_contrasts import BOUNDED_CONTRASTS, bounded_contrasts
from safeneuron.results.bounded_worst_case import candidates
from safeneuron.results.settings import PrimaryContrast
from safeneuron.statistics.crossed import crossed_mean, difference_of_shares_interval, p_value
from safeneuron.statistics.multiplicity import holm
from unit.results.judged import judged
from unit.results.test_bounded_worst_case import DIRECTION, ES, PREFIX, clean, shown

PRIMARY = {"m": PrimaryContrast(arm="ablate", round=1, fraction=None)}
SIMULATES = {"ablate": ["neurons"], "dpo": []}

# of eight prompts, by arm and seed: complied under neurons, directions and forced words
NUMBERS = {
    "dpo": [(8, 5, 2), (7, 6, 3), (8, 4, 2)],
    "freeze": [(7, 5, 2), (7, 5, 1), (6, 4, 2)],
    "ablate": [(2, 6, 1), (1, 4, 3), (3, 5, 2)],
}


def made(folder, primary=PRIMARY, without=()):
    """Rows of the table; what is chosen by is what is reported, but for safe prompts."""
    verdicts = [
        row
        for arm, of_seeds in NUMBERS.items()
        for seed, numbers in enumerate(of_seeds)
        if (arm, seed) not in without
        for row in (
            *clean(arm=arm, number=1, seed=seed),
            *(
                row
                for complied, where in zip(numbers, (ES, DIRECTION, PREFIX), strict=True)
                for row in shown((complied, 8), (complied, 7), arm, 1, seed, **where)
            ),
        )
    ]
    run = judged(folder, verdicts)
    found = candidates(run.rows, run.validation, ["oracle"], 0.1)
    return bounded_contrasts(found, run.outcomes, "dpo", SIMULATES, primary)


def find(rows, **key):
    (found,) = (r for r in rows if all(r[k] == v for k, v in key.items()))
    return found


def complied(numbers):
    return np.array([[place < n for place in range(8)] for n in numbers], dtype=float)


def test_differences_are_of_the_same_seeds_and_prompts_with_intervals_and_p(tmp_path):
    rows = made(tmp_path)
    assert all(row.keys() == set(BOUNDED_CONTRASTS.names) for row in rows)
    row = find(rows, arm="ablate", attacks="all", column="complied")
    differences = complied([6, 4, 5]) - complied([8, 7, 8])
    expected = crossed_mean(differences, np.arange(8))
    assert (row["mean"], row["seeds"]) == (pytest.approx(differences.mean()), 3)
    assert (row["low"], row["high"]) == pytest.approx(
        tuple(difference_of_shares_interval(expected))
    )
    assert row["p"] == pytest.approx(p_value(expected))
    assert find(rows, arm="ablate", attacks="all", column="refused")["mean"] == -row["mean"]


def test_an_arms_held_out_attacks_are_compared_with_the_same_kinds_on_the_baseline(tmp_path):
    rows = made(tmp_path)
    row = find(rows, arm="ablate", attacks="held-out", column="complied")
    assert row["mean"] == pytest.approx((complied([6, 4, 5]) - complied([5, 6, 4])).mean())
    groups = [r["attacks"] for r in rows if (r["arm"], r["column"]) == ("freeze", "complied")]
    assert groups == ["neurons", "direction", "prefix", "all"]  # trained against none


def test_the_primary_contrast_is_the_one_over_all_kinds_and_holm_corrects_the_others(tmp_path):
    rows = [row for row in made(tmp_path) if row["column"] == "complied"]
    (named,) = (row for row in rows if row["primary"])
    assert (named["arm"], named["attacks"], named["p_holm"]) == ("ablate", "all", None)
    others = [row for row in rows if not row["primary"]]
    assert len(others) == 8
    assert [row["p_holm"] for row in others] == pytest.approx(holm([row["p"] for row in others]))


def test_only_seeds_that_both_have_are_compared(tmp_path):
    rows = made(tmp_path, without={("dpo", 0), ("ablate", 2)})
    row = find(rows, arm="ablate", attacks="neurons", column="complied")
    assert (row["mean"], row["seeds"]) == ((complied([1]) - complied([7])).mean(), 1)
