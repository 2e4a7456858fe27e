"""Every number of README's arms against attacks is a row of a table in git."""

import pytest

from unit.test_readme import rows, section, share, summary

SHOWN = section("Arms against attacks")
ARMS = {"base": "T0", "dpo": "plain DPO", "harden": "`harden`"}
KINDS = ("neurons", "taylor", "direction", "prefix")


def cell(arm, attacks, column, write=share):
    """Mean over seeds and its interval, in the arm's last round."""
    number = 0 if arm == "base" else 3
    where = {"arm": arm, "round": number, "attacks": attacks, "column": column}
    return summary("matrix", "matrix", write, **where)


def mean(arm, attacks, column):
    return cell(arm, attacks, column).partition(" ")[0]


def line(arm):
    """Complied under each kind and under all, refused there, and what the arm costs."""
    under = [cell(arm, attacks, "complied") for attacks in (*KINDS, "all")]
    costs = (mean(arm, "clean", "utility"), mean(arm, "clean", "over_refusal"))
    shown = [ARMS[arm], *under, mean(arm, "all", "refused"), ", ".join(costs)]
    return f"| {' | '.join(shown)} |"


@pytest.mark.parametrize("arm", ARMS)
def test_an_arms_line_is_the_tables(arm):
    assert line(arm) in SHOWN


def test_all_arms_are_of_five_seeds_that_no_other_experiment_uses():
    assert set(rows("matrix", "matrix")["seeds"]) == {5}
    assert set(rows("matrix", "bounded_worst_case")["seed"]) == {20, 21, 22, 23, 24}
    assert not {20, 21, 22, 23, 24} & set(rows("seeds", "attack_success")["seed"])
