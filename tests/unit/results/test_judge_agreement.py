"""Cohen's kappa against textbook values, and its table against a small one by hand."""

import numpy as np
import pytest

from answers import ATTACKED, CLEAN, verdict, verdict_files
from safeneuron.artifacts.gates import with_gates
from safeneuron.artifacts.tables import read_table, write_rows
from safeneuron.results.judge_agreement import (
    JUDGE_AGREEMENT,
    cohen_kappa,
    compared,
    judge_agreement,
    kappa_interval,
)


@pytest.mark.parametrize(
    ("counts", "kappa"),
    [
        ([[20, 5], [10, 15]], 0.4),  # seen 0.7, chance 0.5
        ([[45, 15], [25, 15]], 0.1304),  # 0.6, 0.54
        ([[5, 0], [0, 5]], 1.0),
        ([[0, 5], [5, 0]], -1.0),
        ([[7, 0], [0, 0]], np.nan),
        ([[0, 0], [0, 0]], np.nan),
    ],
)
def test_kappa(counts, kappa):
    assert cohen_kappa(np.array(counts)) == pytest.approx(kappa, abs=1e-4, nan_ok=True)


def test_the_interval_is_of_prompts_and_near_the_analytic_one():
    # (20, 5, 10, 15) one response a prompt; Fleiss' large-sample standard error is 0.1271
    cells = [(0, 0)] * 20 + [(0, 1)] * 5 + [(1, 0)] * 10 + [(1, 1)] * 15
    counts = np.zeros((50, 2, 2))
    for i, cell in enumerate(cells):
        counts[i][cell] = 1
    low, high = kappa_interval(counts)
    assert (low, high) == pytest.approx((0.4 - 1.96 * 0.1271, 0.4 + 1.96 * 0.1271), abs=0.03)
    # the same responses ten times say nothing new
    assert kappa_interval(counts * 10) == pytest.approx((low, high))


KEYS = [(CLEAN, "p1"), (CLEAN, "p2"), *((ATTACKED, f"p{i}") for i in (1, 2, 3, 4, 5))]
FIRST = ("refused", "refused", *("complied", "complied", "refused", "broken", "refused"))
SECOND = ("harmless", "refused", *("complied", "refused", "complied", "broken", "unjudged"))


def verdicts(judge, said):
    """Clean, then under attack; and a safe benchmark, which counts nowhere."""
    rows = [
        verdict(**cell, judge=judge, prompt_id=prompt, verdict=word)
        for (cell, prompt), word in zip(KEYS, said, strict=True)
    ]
    return [*rows, verdict(**CLEAN, judge=judge, benchmark="good", role="safe", prompt_id="g1")]


BOTH = [*verdicts("one", FIRST), *verdicts("two", SECOND)]


def test_a_row_a_target_with_what_was_judged_and_what_was_not(tmp_path):
    (tmp_path / "v").mkdir()
    rows = judge_agreement(verdict_files(tmp_path / "v", BOTH))
    rows = with_gates(rows, [])
    ori, full = rows
    assert (ori["attack"], ori["target"], ori["first"], ori["second"], ori["benchmark"]) == (
        "clean", "none", "one", "two", "harmful",
    )  # fmt: skip
    # both say of everything that it is no success: chance agrees as well
    assert (ori["agreement"], ori["kappa"], ori["kappa_low"]) == (1.0, None, None)
    counts = (
        "n_prompts",
        "n_responses",
        "n_unjudged",
        "both",
        "only_first",
        "only_second",
        "neither",
    )
    assert [full[name] for name in counts] == [4, 4, 1, 1, 1, 1, 1]
    assert (full["agreement"], full["kappa"]) == (0.5, 0.0)
    assert full["kappa_low"] < 0 < full["kappa_high"]
    write_rows(tmp_path / "t.parquet", JUDGE_AGREEMENT, rows)
    assert read_table(tmp_path / "t.parquet", JUDGE_AGREEMENT).to_pylist() == rows


def test_every_two_judges_are_compared_in_whatever_order_files_come(tmp_path):
    files = verdict_files(tmp_path, [*BOTH, *verdicts("three", FIRST)])
    pairs = {(r["first"], r["second"]) for r in judge_agreement(files)}
    assert pairs == {("one", "two"), ("one", "three"), ("two", "three")}
    mixed = judge_agreement(files[::-1])
    assert {frozenset((r["first"], r["second"])) for r in mixed} == set(map(frozenset, pairs))


def test_nothing_judged_gives_no_share():
    one = {"verdict": "unjudged", "prompt_id": "p"}
    row = compared([(one, one)])
    assert (row["n_responses"], row["n_unjudged"], row["agreement"]) == (0, 1, None)
    assert (row["kappa"], row["kappa_low"]) == (None, None)


def test_verdicts_of_other_responses_are_an_error(tmp_path):
    files = verdict_files(tmp_path, [*verdicts("one", FIRST), *verdicts("two", SECOND)[1:]])
    with pytest.raises(ValueError, match="different responses"):
        judge_agreement(files)
