"""Attacks on directions and by forced words in the tables, beside those on neurons."""

import pytest

from safeneuron.results.contrasts import contrasts
from safeneuron.results.paper_tables import table_1, table_2
from safeneuron.results.settings import PrimaryContrast
from safeneuron.results.wide import as_wide, keys_of
from safeneuron.results.worst_case import WORST_CASE, worst_case, worst_case_by_seed
from unit.results.judged import CLEAN, cell, eighths, judged

JUDGES = ["oracle"]
DIRECTION = {
    "attack": "direction", "pooling": None, "operator": "direction_write", "target": "direction",
    "n_neurons": 0,
}  # fmt: skip
PREFIX = {
    "attack": "prefill", "pooling": None, "operator": "prefill", "target": "prefix",
    "set_source": None, "n_neurons": 0,
}  # fmt: skip


def state(arm, number, seed, neurons, directions, words):
    """Clean, neurons at 10 % and as identified, directions and words by number."""
    of = (arm, number, seed)
    return [
        *cell(*of, eighths(0.0), **CLEAN),
        *cell(*of, eighths(0.125)),
        *cell(*of, eighths(neurons), fraction=0.1),
        *(
            row
            for strength, share in enumerate(directions, start=1)
            for row in cell(*of, eighths(share), "eeer", strength=strength, **DIRECTION)
        ),
        *cell(*of, eighths(1.0), strength=1, control_seed=0, **DIRECTION),
        *cell(
            *of, eighths(1.0), strength=1, set_source="static", **(DIRECTION | {"attack": "old"})
        ),
        *(
            row
            for strength, share in enumerate(words, start=1)
            for row in cell(*of, eighths(share), strength=strength, **PREFIX)
        ),
    ]


CELLS = [
    *state("base", 0, 0, 0.5, [0.25, 0.75, 0.5], [0.875]),
    *state("dpo", 1, 0, 0.25, [0.125, 0.25, 0.375], [0.5]),
    *state("freeze", 1, 0, 0.125, [0.125, 0.0, 0.0], [0.75]),
]


@pytest.fixture
def run(tmp_path):
    return judged(tmp_path, CELLS)


def means(rows, column="complied"):
    """(arm, what is acted on, fraction) -> mean, in the rows' order."""
    return {
        (row["arm"], row["acted_on"], row["fraction"]): row["mean"]
        for row in rows
        if row["column"] == column
    }


def test_the_worst_case_of_each_is_over_its_own_strengths(run):
    rows = worst_case(run.rows, JUDGES, run.outcomes)
    assert list(means(rows).items()) == [
        (("base", "neurons", 0.1), 0.5), (("base", "direction", None), 0.75),
        (("base", "prefix", None), 0.875),
        (("dpo", "neurons", 0.1), 0.25), (("dpo", "direction", None), 0.375),
        (("dpo", "prefix", None), 0.5),
        (("freeze", "neurons", 0.1), 0.125), (("freeze", "direction", None), 0.125),
        (("freeze", "prefix", None), 0.75),
    ]  # fmt: skip
    assert {row["acted_on"]: row["cells"] for row in rows} == {
        "neurons": 1, "direction": 3, "prefix": 1
    }  # fmt: skip
    assert means(rows, "utility")["dpo", "direction", None] == 0.75
    assert means(rows, "clean_utility")["dpo", "direction", None] == 1


def test_what_has_no_share_of_the_neurons_says_so(run):
    rows = worst_case(run.rows, JUDGES, run.outcomes)
    lines = as_wide(rows, keys_of(WORST_CASE)).lines
    shown = [tuple(line[3:5]) for line in lines if line[1] == "base"]
    assert shown == [("neurons", "0.1"), ("direction", "-"), ("prefix", "-")]


def test_each_seed_says_by_which_number_of_directions(run):
    rows = worst_case_by_seed(run.rows, JUDGES)
    shown = [(r["acted_on"], r["fraction"], r["attack"]) for r in rows if r["arm"] == "base"]
    assert shown == [
        ("none", None, "clean"), ("neurons", 0.1, "magnitude"), ("direction", None, "direction 2"),
        ("prefix", None, "prefill 1"),
    ]  # fmt: skip


def test_contrasts_compare_like_with_like(run):
    primary = {"m": PrimaryContrast(arm="freeze", round=1, fraction=0.1)}
    rows = contrasts(run.rows, JUDGES, run.outcomes, "dpo", primary)
    assert means(rows) == {
        ("freeze", "neurons", 0.1): -0.125, ("freeze", "direction", None): -0.25,
        ("freeze", "prefix", None): 0.25,
    }  # fmt: skip
    assert {row["acted_on"] for row in rows if row["primary"]} == {"neurons"}
    corrected = [r["acted_on"] for r in rows if r["p_holm"] is not None]
    assert set(corrected) <= {"direction", "prefix"}


def test_a_run_may_have_no_attack_on_neurons(tmp_path):
    run = judged(tmp_path, [row for row in CELLS if row["target"] != "es+sas"])
    assert {row["acted_on"] for row in worst_case(run.rows, JUDGES, run.outcomes)} == {
        "direction", "prefix"
    }  # fmt: skip
    assert len(worst_case_by_seed(run.rows, JUDGES)) == 3 * 3
    rows = contrasts(run.rows, JUDGES, run.outcomes, "dpo", {})
    assert means(rows) == {("freeze", "direction", None): -0.25, ("freeze", "prefix", None): 0.25}
    assert table_1(run.rows, JUDGES, run.outcomes) == []
    assert table_2(run.rows, JUDGES, run.outcomes, {}) == []


def test_the_papers_tables_are_of_neurons(run, tmp_path):
    (tmp_path / "alone").mkdir()
    alone = judged(tmp_path / "alone", [r for r in CELLS if r["target"] in ("none", "es+sas")])
    expected = table_1(alone.rows, JUDGES, alone.outcomes)
    assert {row["attack"] for row in expected} == {"magnitude"}
    assert table_1(run.rows, JUDGES, run.outcomes) == expected
    assert table_2(run.rows, JUDGES, run.outcomes, {}) == table_2(
        alone.rows, JUDGES, alone.outcomes, {}
    )
