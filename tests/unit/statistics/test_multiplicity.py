"""Holm's p values against examples by hand, and against the procedure that they stand for."""

import pytest

from safeneuron.statistics.multiplicity import holm


def by_definition(p_values):
    """The smallest level at which Holm's sequential procedure rejects each hypothesis."""

    def rejected(level):
        out = set()
        for rank, (p, index) in enumerate(sorted((p, i) for i, p in enumerate(p_values))):
            if p > level / (len(p_values) - rank):
                break
            out.add(index)
        return out

    candidates = sorted(
        {min(1, p * n) for p in p_values for n in range(1, len(p_values) + 1)} | {1}
    )
    return [
        next((level for level in candidates if index in rejected(level * (1 + 1e-12))), 1)
        for index in range(len(p_values))
    ]


# p of eighteen contrasts with plain DPO over five seeds: six arms, three fractions, the last round
FIVE_SEEDS = {
    ("freeze", 0.05): 0.02194, ("freeze", 0.1): 0.00036, ("freeze", 0.2): 0.2694,
    ("freeze_ablate", 0.05): 0.02331, ("freeze_ablate", 0.1): 0.01316,
    ("freeze_ablate", 0.2): 0.05048, ("ablate", 0.05): 0.02304, ("ablate", 0.1): 0.01310,
    ("ablate", 0.2): 0.06249, ("random_freeze", 0.05): 0.3739, ("random_freeze", 0.1): 0.2420,
    ("random_freeze", 0.2): 1.0, ("random_ablate", 0.05): 0.2056, ("random_ablate", 0.1): 0.1300,
    ("random_ablate", 0.2): 0.8712, ("sn_tune", 0.05): 0.03104, ("sn_tune", 0.1): 0.05605,
    ("sn_tune", 0.2): 0.1213,
}  # fmt: skip


def test_an_example_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([]) == []


def test_five_seeds_over_six_arms_and_over_eighteen_contrasts():
    corrected = dict(zip(FIVE_SEEDS, holm([*FIVE_SEEDS.values()]), strict=True))
    assert corrected["freeze_ablate", 0.1] == pytest.approx(0.22, abs=0.005)
    assert corrected["freeze", 0.1] == pytest.approx(18 * 0.00036)
    six = {arm: p for (arm, fraction), p in FIVE_SEEDS.items() if fraction == 0.1}
    assert dict(zip(six, holm([*six.values()]), strict=True))["freeze_ablate"] == pytest.approx(
        0.066, abs=0.001
    )


@pytest.mark.parametrize("p_values", [[*FIVE_SEEDS.values()], [0.02, 0.02, 0.9], [0.3]], ids=len)
def test_holm_is_the_smallest_level_that_its_procedure_rejects_at(p_values):
    assert holm(p_values) == pytest.approx(by_definition(p_values))
