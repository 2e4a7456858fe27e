"""The paper's tables against numbers worked out by hand, and the intervals of `statistics`."""

import json

import numpy as np
import pytest
from scipy.stats import t

from safeneuron.results.paper_tables import (
    TABLE_1,
    TABLE_2,
    TABLE_3,
    accumulated_sizes,
    table_1,
    table_2,
    table_3,
)
from safeneuron.results.wide import as_markdown, keys_of
from safeneuron.statistics.crossed import crossed_mean, share_interval
from unit.results.judged import CLEAN, cell, eighths, judged


def state(arm, number, seed, clean, full, **where):
    """Clean, FULL on the set, and its random controls."""
    return [
        *cell(arm, number, seed, eighths(clean), **CLEAN, **where),
        *cell(arm, number, seed, eighths(full), target="es", **where),
        *cell(arm, number, seed, eighths(1.0), target="es", control_seed=3, **where),
        *cell(arm, number, seed, eighths(full), **where),
        *cell(arm, number, seed, eighths(0.25), control_seed=3, **where),
        *cell(arm, number, seed, eighths(0.5), control_seed=4, **where),
        *cell(arm, number, seed, eighths(1.0), fraction=0.1, **where),
    ]


JUDGES = ["guard", "oracle", "second"]
"""The first has judged nothing, and the last is not shown."""
CELLS = [
    *cell("base", 0, 0, eighths(0.875), judge="second"),
    *state("base", 0, 0, 0.0, 0.5),
    *state("base", 0, 1, 0.125, 1.0),
    *state("dpo", 1, 0, 0.0, 0.375),
    *state("dpo", 1, 1, 0.0, 0.875),
    *state("ablate", 1, 0, 0.0, 0.125),
    *state("ablate", 1, 1, 0.0, 0.25),
]
PAIRS = {"text": "aabbccdd"}


@pytest.fixture
def run(tmp_path):
    return judged(tmp_path, CELLS, PAIRS)


def find(rows, column, **key):
    (found,) = (r for r in rows if r["column"] == column and all(r[k] == v for k, v in key.items()))
    return found


def test_table_1_has_means_over_seeds_and_prompts_with_intervals_that_are_shares(run):
    rows = table_1(run.rows, JUDGES, run.outcomes)
    full = find(rows, "full", arm="base", attack="magnitude")
    assert (full["mean"], full["seeds"]) == (0.75, 2)
    values = np.array([[1, 1, 1, 1, 0, 0, 0, 0], [1] * 8])
    expected = share_interval(crossed_mean(values, np.repeat(np.arange(4), 2)))
    assert (full["low"], full["high"]) == pytest.approx(tuple(expected))
    assert 0 <= full["low"] < 0.5 and full["high"] <= 1  # Student's was [-2.4, 3.9]
    assert find(rows, "random", arm="base")["mean"] == 0.375
    assert find(rows, "ori", arm="base")["mean"] == 0.0625
    for name in ("ori", "es", "full", "random"):
        # nobody attempts or breaks here
        beside = find(rows, f"{name}_not_refused", arm="base", attack="magnitude")
        assert {**beside, "column": name} == find(rows, name, arm="base", attack="magnitude")
    assert set(full) == set(TABLE_1.names)
    assert all(0 <= row["low"] <= row["mean"] <= row["high"] <= 1 for row in rows)


def test_what_was_not_refused_is_more_than_what_complied_where_answers_are_attempted(tmp_path):
    cells = [
        *cell("base", 0, 0, "rrrrrrrb", **CLEAN),
        *cell("base", 0, 0, "ccaabrrr"),
        *cell("base", 0, 0, "crrrrrrb", control_seed=1),
    ]
    run = judged(tmp_path, cells)
    rows = table_1(run.rows, JUDGES, run.outcomes)
    columns = ("ori", "ori_not_refused", "full", "full_not_refused", "random_not_refused")
    assert [8 * find(rows, name)["mean"] for name in columns] == [0, 1, 2, 5, 2]


def test_variants_of_one_request_widen_the_interval_of_one_seed(tmp_path):
    widths = []
    for name, clusters in (("apart", "abcdefgh"), ("pairs", "aabbccdd")):
        (tmp_path / name).mkdir()
        run = judged(tmp_path / name, state("base", 0, 0, 0.0, 0.5), {"text": clusters})
        full = find(table_1(run.rows, JUDGES, run.outcomes), "full")
        assert (full["mean"], full["seeds"]) == (0.5, 1)
        widths.append(full["high"] - full["low"])
    assert widths[1] > 1.2 * widths[0]


def test_an_answer_that_all_prompts_and_seeds_share_has_an_interval(run):
    clean = find(table_1(run.rows, JUDGES, run.outcomes), "ori", arm="dpo")
    assert (clean["mean"], clean["low"]) == (0, 0)
    assert clean["high"] == pytest.approx(1.96**2 / (4 + 1.96**2), abs=1e-3)  # of four clusters


def test_table_2_begins_every_arm_at_t0_and_has_what_an_arm_acted_on(run):
    acted = {("m", "ablate", 1, 0): 12, ("m", "ablate", 1, 1): 18}
    rows = table_2(run.rows, JUDGES, run.outcomes, acted)
    assert set(rows[0]) == set(TABLE_2.names)
    sizes = {(r["arm"], r["round"]): r["mean"] for r in rows if r["column"] == "neurons"}
    assert sizes == {("dpo", 0): 10, ("dpo", 1): 20, ("ablate", 0): 10, ("ablate", 1): 20}
    assert find(rows, "complied", arm="ablate", round=1)["mean"] == 0.1875
    assert find(rows, "not_refused", arm="ablate", round=1)["mean"] == 0.1875
    (union,) = (row for row in rows if row["column"] == "accumulated")
    assert (union["arm"], union["round"], union["mean"]) == ("ablate", 1, 15)
    reach = t.ppf(0.975, 1) * 3  # sizes are no shares
    assert (union["low"], union["high"]) == pytest.approx((15 - reach, 15 + reach))
    page = as_markdown(rows, keys_of(TABLE_2), "Table 2")
    assert [line.split(" | ")[5] for line in page.splitlines() if "| dpo | 1" in line] == ["n/a"]


def test_sizes_of_what_an_arm_acted_on_are_of_the_states_that_manifests_name(tmp_path):
    paths = []
    for seed, size in ((1, 18), (0, 12)):
        trained = {"model": "m", "arm": "ablate", "round": 1, "seed": seed, "steps": 40}
        paths.append(tmp_path / f"{size}.json")
        paths[-1].write_text(json.dumps({"reported": trained | {"protected_neurons": size}}))
    expected = {("m", "ablate", 1, 0): 12, ("m", "ablate", 1, 1): 18}
    assert accumulated_sizes(paths) == accumulated_sizes(paths[::-1]) == expected


def test_table_2_has_no_rows_of_an_attack_without_the_whole_set(run, tmp_path):
    partial = [
        row
        for arm, number in (("base", 0), ("dpo", 1))
        for target in ("es", "sas")
        for row in cell(arm, number, 0, eighths(0.5), target=target, attack="partial")
    ]
    (tmp_path / "more").mkdir()
    more = judged(tmp_path / "more", CELLS + partial, PAIRS)
    expected = table_2(run.rows, JUDGES, run.outcomes, {})
    assert table_2(more.rows, JUDGES, more.outcomes, {}) == expected


def test_a_set_of_one_criterion_is_the_whole_set_and_strengths_are_attacks(tmp_path):
    pins = [(0.5, "pin"), (0.75, "pin")]
    more = [
        *cell("dpo", 1, 0, eighths(0.5), target="probe", attack="probe"),
        *(
            row
            for asr, name in pins
            for row in cell("dpo", 1, 0, eighths(asr), attack=name, strength=asr)
        ),
    ]
    run = judged(tmp_path, CELLS + more)
    rows = table_1(run.rows, JUDGES, run.outcomes)
    assert find(rows, "full", attack="probe")["mean"] == 0.5
    found = [(r["attack"], r["mean"]) for r in rows if r["column"] == "full"]
    assert [pair for pair in found if pair[0].startswith("pin")] == [
        ("pin 0.5", 0.5), ("pin 0.75", 0.75),
    ]  # fmt: skip


def test_table_3_has_each_benchmark_with_images_and_table_1_the_first(tmp_path):
    of = {"text": 0.5, "vl": 0.25, "nsfw": 0.75}
    cells = [
        row
        for benchmark, asr in of.items()
        for number, arm in enumerate(("base", "dpo"))
        for seed in (0, 1)
        for row in state(arm, number, seed, asr, asr, benchmark=benchmark)
        if row["role"] == "harmful" or benchmark == "text"
    ]
    run = judged(tmp_path, cells)
    rows = table_3(run.rows, JUDGES, run.outcomes, ["vl", "nsfw"])
    assert {row["benchmark"] for row in rows} == {"vl", "nsfw"}
    assert set(rows[0]) == set(TABLE_3.names)
    for benchmark in ("vl", "nsfw"):
        full = find(rows, "full", arm="dpo", attack="magnitude", benchmark=benchmark)
        assert (full["mean"], full["seeds"]) == (of[benchmark], 2)
    assert find(table_1(run.rows, JUDGES, run.outcomes), "full", arm="dpo")["mean"] == 0.5
