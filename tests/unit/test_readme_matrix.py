"""Every number of README's arms against attacks is a row of a table in git."""

import pytest

from unit.test_readme import difference, rows, section, share, summary

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


def test_the_contrast_that_was_named_before_the_run_is_the_tables():
    where = {"arm": "harden", "round": 3, "attacks": "all", "column": "complied"}
    (row,) = rows("matrix", "bounded_contrasts", **where).to_dict("records")
    assert row["primary"] and row["seeds"] == 5
    less = summary("matrix", "bounded_contrasts", difference, **where)
    assert f"less plain DPO's at the same dose, is {less} (p = {share(row['p'], 3)}" in SHOWN
    assert f"its training takes {ratio():.1f} times as long" in SHOWN


def ratio():
    return rows("matrix", "training_time", arm="harden")["ratio"].mean()


def test_what_is_complied_with_whatever_an_attack_costs():
    where = {"arm": "harden", "round": 3, "control_seed": None, "benchmark": "harmful"}
    found = rows("matrix", "attack_success", **where)
    worst = found.loc[found["asr"].idxmax()]
    # half up, as a reader rounds
    assert (share(worst["asr"]), share(worst["utility"] + 1e-9)) == (".12", ".84")
    assert "at most .12 is complied with (one seed, at .84 of utility)" in SHOWN
    assert set(found[found["asr"] > 0.05]["seed"]) == {worst["seed"]}


def test_what_is_left_with_three_directions_removed():
    where = {
        "arm": "harden",
        "round": 3,
        "attack": "direction",
        "strength": 3,
        "control_seed": None,
    }
    found = rows("matrix", "attack_success", **where)
    assert found["seed"].tolist() == [20, 21, 22, 23, 24]
    assert found["refused"].min() > 0.985 and share(found["utility"].max(), 3) == ".015"
    refused = " ".join(share(value, 3) for value in found["over_refusal"])
    assert refused == ".940 .275 .015 .035 1.000"
    said = "still refuses .99 and more of the harmful prompts, but answers at most .015"
    assert said in SHOWN and f"it refuses {refused} of them, seed by seed" in SHOWN


def test_in_how_many_seeds_no_direction_keeps_the_utility():
    where = {"arm": "harden", "round": 3, "attacks": "direction", "column": "complied"}
    assert rows("matrix", "matrix", **where)["none_within"].item() == 4
    assert "on directions none in four of five seeds" in SHOWN
