"""The paper's tables against numbers worked out by hand, and scipy's t interval."""

import numpy as np
import pytest
from scipy.stats import t

from safeneuron.results.attack_success import ATTACK_SUCCESS, OVERALL
from safeneuron.results.paper_tables import (
    TABLE_1,
    TABLE_3,
    as_markdown,
    contrasts,
    table_1,
    table_2,
    table_3,
    worst_case,
)


def row(arm, number, seed, target, complied, *, fraction=None, control=None, **other):
    """A row of `ATTACK_SUCCESS` of the whole benchmark; refused is what is left."""
    values = dict.fromkeys(ATTACK_SUCCESS.names)
    values |= {
        "model": "m",
        "arm": arm,
        "round": number,
        "seed": seed,
        "attack": "clean" if target == "none" else "magnitude",
        "set_source": None if target == "none" else "adaptive",
        "target": target,
        "fraction": fraction,
        "control_seed": control,
        "n_neurons": 0 if target == "none" else 10 * (1 + number),
        "benchmark": "text",
        "category": OVERALL,
        "judge": "oracle",
        "asr": complied,
        "complied": complied,
        "refused": 1 - complied,
        "broken": 0.0,
        "utility": 1.0,
        "over_refusal": 0.0,
        "gate": "passed",
    }
    return values | other


def state(arm, number, seed, clean, full, strong):
    """Clean, FULL on the set, its random control, and two targets at 10 %."""
    return [
        row(arm, number, seed, "none", clean),
        row(arm, number, seed, "es", full),
        row(arm, number, seed, "es", 1.0, control=3),
        row(arm, number, seed, "es+sas", full),
        row(arm, number, seed, "es+sas", 0.25, control=3),
        row(arm, number, seed, "es", strong - 0.125, fraction=0.1),
        row(arm, number, seed, "sas", strong, fraction=0.1, attack="peak"),
        row(arm, number, seed, "es+sas", 1.0, fraction=0.1, control=3),
        row(arm, number, seed, "es+sas", 1.0, fraction=0.1, attack="static", set_source="static"),
    ]


JUDGES = ["guard", "oracle", "second"]
"""The first has judged nothing, and the last is not shown."""
ROWS = [
    row("base", 0, 0, "es+sas", 0.875, judge="second"),
    *state("base", 0, 0, 0.0, 0.5, 0.75),
    *state("base", 0, 1, 0.125, 1.0, 1.0),
    *state("dpo", 1, 0, 0.0, 0.375, 0.5),
    *state("dpo", 1, 1, 0.0, 0.875, 0.75),
    *state("ablate", 1, 0, 0.0, 0.125, 0.25),
    *state("ablate", 1, 1, 0.0, 0.25, 0.25),
]


def cell(rows, column, **key):
    (found,) = (r for r in rows if r["column"] == column and all(r[k] == v for k, v in key.items()))
    return found


def test_table_1_has_means_over_seeds_with_students_interval():
    full = cell(table_1(ROWS, JUDGES), "full", arm="base", attack="magnitude")
    reach = t.ppf(0.975, 1) * 0.25  # standard error of .5 and 1
    assert (full["mean"], full["seeds"]) == (0.75, 2)
    assert (full["low"], full["high"]) == pytest.approx((0.75 - reach, 0.75 + reach))
    assert cell(table_1(ROWS, JUDGES), "random", arm="base", attack="magnitude")["mean"] == 0.25
    assert set(full) == set(TABLE_1.names)


def test_the_worst_case_is_the_strongest_adaptive_attack_of_each_seed():
    rows = worst_case(ROWS, JUDGES)
    assert cell(rows, "complied", arm="base")["mean"] == 0.875  # neither random nor static
    assert cell(rows, "complied", arm="ablate")["mean"] == 0.25
    assert cell(rows, "clean_asr", arm="base")["mean"] == 0.0625


def test_contrasts_are_paired_by_seed():
    rows = contrasts(ROWS, JUDGES)
    assert {r["arm"] for r in rows} == {"ablate"}
    complied = cell(rows, "complied", arm="ablate", round=1, fraction=0.1)
    differences = (0.25 - 0.5, 0.25 - 0.75)
    reach = t.ppf(0.975, 1) * 0.125
    assert complied["mean"] == sum(differences) / 2
    assert (complied["low"], complied["high"]) == pytest.approx((-0.375 - reach, -0.375 + reach))
    assert cell(rows, "refused", arm="ablate")["mean"] == 0.375


@pytest.mark.parametrize("without", [None, 0])
@pytest.mark.parametrize("order", range(3))
def test_contrasts_are_of_each_seed_with_itself_whatever_the_rows_order(order, without):
    # seed -> attack success and the clean model's utility; a mean does not know the pairs, a
    # spread does
    plain = {0: (0.5, 0.75), 1: (0.75, 1.0), 2: (0.25, 0.5)}
    ablated = {0: (0.375, 0.625), 1: (0.5, 0.875), 2: (0.125, 0.375)}
    rows = [
        one
        for arm, seeds in (("dpo", plain), ("ablate", ablated))
        for seed, (strong, utility) in seeds.items()
        if not (arm == "dpo" and seed == without)
        for one in (
            row(arm, 1, seed, "none", 0.0, utility=utility),
            row(arm, 1, seed, "es+sas", strong, fraction=0.1),
        )
    ]
    np.random.default_rng(order).shuffle(rows)
    found = contrasts(rows, JUDGES)
    complied = cell(found, "complied", arm="ablate", round=1, fraction=0.1)
    differences = np.array([ablated[s][0] - plain[s][0] for s in plain if s != without])
    seeds = len(differences)
    reach = t.ppf(0.975, seeds - 1) * differences.std(ddof=1) / np.sqrt(seeds)
    assert (complied["seeds"], complied["mean"]) == (seeds, pytest.approx(differences.mean()))
    assert complied["high"] - complied["mean"] == pytest.approx(reach)
    utility = cell(found, "clean_utility", arm="ablate", round=1, fraction=0.1)
    assert (utility["low"], utility["mean"], utility["high"]) == pytest.approx((-0.125,) * 3)


def test_a_seed_without_plain_dpo_has_no_contrast():
    rows = [r for r in ROWS if not (r["arm"] == "dpo" and r["seed"] == 1)]
    complied = cell(contrasts(rows, JUDGES), "complied", arm="ablate")
    assert (complied["seeds"], complied["mean"], complied["low"]) == (1, -0.25, None)
    assert contrasts([r for r in ROWS if r["arm"] != "dpo"], JUDGES) == []


def test_table_2_begins_every_arm_at_t0():
    rows = table_2(ROWS, JUDGES)
    sizes = {(r["arm"], r["round"]): r["mean"] for r in rows if r["column"] == "neurons"}
    assert sizes == {("dpo", 0): 10, ("dpo", 1): 20, ("ablate", 0): 10, ("ablate", 1): 20}
    assert cell(rows, "complied", arm="ablate", round=1)["mean"] == 0.1875


def test_table_2_has_no_rows_of_an_attack_without_the_whole_set():
    partial = [
        row(arm, number, 0, target, 0.5, attack="partial")
        for arm, number in (("base", 0), ("dpo", 1))
        for target in ("es", "sas")
    ]
    assert table_2(ROWS + partial, JUDGES) == table_2(ROWS, JUDGES)


def test_a_set_of_one_criterion_is_the_whole_set():
    probe = [row("dpo", 1, 0, "probe", 0.5, attack="probe")]
    assert cell(table_1(ROWS + probe, JUDGES), "full", attack="probe")["mean"] == 0.5


def test_several_strengths_are_attacks_of_their_own():
    pins = [row("dpo", 1, 0, "es+sas", asr, attack="pin", strength=asr) for asr in (0.5, 0.75)]
    found = [r for r in table_1(ROWS + pins, JUDGES) if r["column"] == "full"]
    assert [(r["attack"], r["mean"]) for r in found if r["attack"].startswith("pin")] == [
        ("pin 0.5", 0.5), ("pin 0.75", 0.75),
    ]  # fmt: skip


def test_a_missed_gate_is_counted_and_marked():
    rows = [
        r | {"gate": "passed" if r["seed"] == 0 else "missed"} if r["arm"] == "dpo" else r
        for r in ROWS
    ]
    rows = worst_case(rows, JUDGES)
    assert cell(rows, "complied", arm="dpo")["gates_missed"] == 1
    page = as_markdown(rows, ["arm", "round", "fraction"], "Worst case")
    assert [line.count("missed in 1") for line in page.splitlines() if "| dpo " in line] == [1]


def shown(rows, benchmark, asr):
    """The same rows of another benchmark, with another ASR."""
    return [r | {"benchmark": benchmark, "asr": asr, "complied": asr} for r in rows]


def test_table_3_has_each_benchmark_with_images_and_the_others_the_first():
    rows = [*shown(ROWS, "text", 0.5), *shown(ROWS, "vl", 0.25), *shown(ROWS, "nsfw", 0.75)]
    cells = table_3(rows, JUDGES, ["vl", "nsfw"])
    assert {c["benchmark"] for c in cells} == {"vl", "nsfw"}
    assert set(cells[0]) == set(TABLE_3.names)
    for benchmark, asr in (("vl", 0.25), ("nsfw", 0.75)):
        full = cell(cells, "full", arm="dpo", attack="magnitude", benchmark=benchmark)
        assert (full["mean"], full["seeds"]) == (asr, 2)
    for table in (table_1, worst_case, contrasts, table_2):
        alone = table([r for r in rows if r["benchmark"] == "text"], JUDGES)
        assert table(rows, JUDGES) == alone
