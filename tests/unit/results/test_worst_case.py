"""The strongest attack on each state: over the same cells, chosen seed by seed."""

from safeneuron.results.paper_tables import table_1
from safeneuron.results.wide import as_markdown, keys_of
from safeneuron.results.worst_case import (
    WORST_CASE,
    WORST_CASE_BY_SEED,
    worst_case,
    worst_case_by_seed,
)
from unit.results.judged import CLEAN, cell, eighths, judged

JUDGES = ["oracle"]
GATES = {("dpo", 0): "passed", ("dpo", 1): "missed"}


def state(arm, number, seed, clean, strong):
    """Clean, two targets of two attacks at 10 %, and what is no adaptive attack itself."""
    where = {"fraction": 0.1}
    return [
        *cell(arm, number, seed, eighths(clean), **CLEAN),
        *cell(arm, number, seed, eighths(1.0)),
        *cell(arm, number, seed, eighths(strong - 0.125), target="es", **where),
        *cell(arm, number, seed, eighths(strong), "eeer", target="sas", attack="peak", **where),
        *cell(arm, number, seed, eighths(1.0), control_seed=3, **where),
        *cell(arm, number, seed, eighths(1.0), attack="static", set_source="static", **where),
    ]


CELLS = [
    *state("base", 0, 0, 0.0, 0.75),
    *state("base", 0, 1, 0.125, 0.875),
    *state("dpo", 1, 0, 0.0, 0.5),
    *state("dpo", 1, 1, 0.0, 0.75),
]


def find(rows, column, **key):
    (found,) = (r for r in rows if r["column"] == column and all(r[k] == v for k, v in key.items()))
    return found


def test_the_strongest_adaptive_attack_of_each_seed(tmp_path):
    run = judged(tmp_path, CELLS)
    rows = worst_case(run.rows, JUDGES, run.outcomes)
    assert set(rows[0]) == set(WORST_CASE.names)
    assert find(rows, "complied", arm="base")["mean"] == 0.8125  # neither random nor static
    assert find(rows, "utility", arm="dpo")["mean"] == 0.75
    assert find(rows, "clean_utility", arm="dpo")["mean"] == 1
    assert find(rows, "clean_asr", arm="base")["mean"] == 0.0625
    assert find(rows, "clean_not_refused", arm="base")["mean"] == 0.0625
    assert {row["cells"] for row in rows} == {2}
    assert all(0 <= row["low"] <= row["mean"] <= row["high"] <= 1 for row in rows)


def test_what_was_not_refused_stands_beside_what_complied_and_attempts_where_there_are_any(
    tmp_path,
):
    for number, (answers, has) in enumerate((("ccbrrrrr", False), ("ccaabrrr", True))):
        (tmp_path / str(number)).mkdir()
        clean = cell("base", 0, 0, "r" * 8, **CLEAN)
        attacked = cell("base", 0, 0, answers, fraction=0.1)
        run = judged(tmp_path / str(number), [*clean, *attacked])
        rows = worst_case(run.rows, JUDGES, run.outcomes)
        shares = {row["column"]: row["mean"] for row in rows}
        assert shares["not_refused"] == 1 - shares["refused"] == (8 - answers.count("r")) / 8
        assert ("attempted" in shares) is has
        assert shares.get("attempted", 0) == answers.count("a") / 8


def test_a_maximum_is_over_the_cells_that_all_states_have(tmp_path):
    only_t0 = [
        row
        for seed in (0, 1)
        for row in cell("base", 0, seed, eighths(1.0), attack="extra", fraction=0.1)
    ]
    only_one_seed = cell("dpo", 1, 1, eighths(1.0), attack="late", fraction=0.1)
    at_20 = cell("dpo", 1, 1, eighths(1.0), attack="alone", fraction=0.2)
    run = judged(tmp_path, [*CELLS, *only_t0, *only_one_seed, *at_20])
    rows = worst_case(run.rows, JUDGES, run.outcomes)
    assert find(rows, "complied", arm="base", fraction=0.1)["mean"] == 0.8125
    assert find(rows, "complied", arm="dpo", fraction=0.1)["mean"] == 0.625
    cells = {(row["arm"], row["fraction"]): row["cells"] for row in rows}
    assert cells == {("base", 0.1): 2, ("dpo", 0.1): 2, ("dpo", 0.2): 1}
    page = as_markdown(rows, keys_of(WORST_CASE), "Worst case").splitlines()
    assert [line.split(" | ")[-3:-2] for line in page[2:5]] == [["cells"], ["---"], ["2"]]


def test_strengths_of_one_operator_are_cells(tmp_path):
    pins = [
        row
        for arm, number in (("base", 0), ("dpo", 1))
        for seed in (0, 1)
        for strength, share in ((0.5, 0.875), (1.0, 0.25))
        for row in cell(
            arm, number, seed, eighths(share), attack="pin", strength=strength, fraction=0.1
        )
    ]
    run = judged(tmp_path, CELLS + pins)
    rows = worst_case_by_seed(run.rows, JUDGES)
    attacked = [row for row in rows if row["fraction"] == 0.1]
    assert {row["cells"] for row in attacked} == {4}
    assert [row["attack"] for row in attacked if row["arm"] == "dpo"] == ["pin 0.5", "pin 0.5"]


def test_each_seed_has_a_row_clean_and_one_a_fraction(tmp_path):
    run = judged(tmp_path, CELLS, gates=GATES)
    rows = worst_case_by_seed(run.rows, JUDGES)
    assert all(list(row) == WORST_CASE_BY_SEED.names for row in rows)
    about = {"model": "m", "arm": "dpo", "round": 1, "seed": 1, "benchmark": "text"}
    about |= {"judge": "oracle", "attempted": 0.0, "broken": 0.0, "gate": "missed"}
    assert [row for row in rows if row["arm"] == "dpo" and row["seed"] == 1] == [
        {**about, "acted_on": "none", "fraction": None, "attack": "clean", "target": "none",
         "cells": None, "complied": 0.0, "not_refused": 0.0, "refused": 1.0, "utility": 1.0},
        {**about, "acted_on": "neurons", "fraction": 0.1, "attack": "peak", "target": "sas",
         "cells": 2, "complied": 0.75, "not_refused": 0.75, "refused": 0.25, "utility": 0.75},
    ]  # fmt: skip
    assert len(rows) == 2 * 4


def test_without_shares_of_the_neurons_there_is_nothing_to_compare(tmp_path):
    run = judged(tmp_path, [*cell("base", 0, 0, "cr", **CLEAN), *cell("base", 0, 0, "cr")])
    assert worst_case(run.rows, JUDGES, run.outcomes) == []
    assert [row["attack"] for row in worst_case_by_seed(run.rows, JUDGES)] == ["clean"]


def test_a_missed_gate_is_counted_and_marked(tmp_path):
    run = judged(tmp_path, CELLS, gates=GATES)
    rows = worst_case(run.rows, JUDGES, run.outcomes)
    assert find(rows, "complied", arm="dpo")["gates_missed"] == 1
    page = as_markdown(rows, ["arm", "round", "fraction"], "Worst case")
    assert [line.count("missed in 1") for line in page.splitlines() if "| dpo " in line] == [1]


def test_the_worst_case_and_table_1_are_of_the_first_benchmark(tmp_path):
    later = {"benchmark": "later", "dataset": "later", "verdict": "broken"}
    other = [row | later for row in CELLS if row["role"] == "harmful"]
    run = judged(tmp_path, CELLS + other)
    (tmp_path / "alone").mkdir()
    alone = judged(tmp_path / "alone", CELLS)
    for table in (table_1, worst_case):
        expected = table(alone.rows, JUDGES, alone.outcomes)
        assert table(run.rows, JUDGES, run.outcomes) == expected
