"""Ours beside the paper's: which values meet, their differences, intervals and the page."""

import pyarrow.parquet as pq
import pytest
from scipy.stats import binomtest, t

from safeneuron.artifacts.tables import write_rows
from safeneuron.capability.schemas import CAPABILITY
from safeneuron.results.against_paper import (
    AGAINST_PAPER,
    against_paper,
    as_wide,
    measured_attacks,
    measured_capability,
    page,
)
from safeneuron.results.attack_success import ATTACK_SUCCESS, OVERALL
from safeneuron.results.published.values import VALUES, read_published

MODELS = {"qwen": "Qwen2.5-7B", "seeing": "Qwen2.5-VL-7B"}
METHODS = {"base": "base", "dpo": "RLHF", "freeze": "SafeNeuron", "both": "SafeNeuron"}
BENCHMARKS = {"strongreject": "StrongREJECT", "figstep": "VL-Question"}
TASKS = {"arc": "ARC", "mc2": "TQA-MC2"}
PAPER = read_published()


TARGETS = {"ori": "none", "es": "es", "full": "es+sas"}


def attacked(model, arm, number, level, harmful, *, seed=0, benchmark="strongreject", **other):
    """A row of `ATTACK_SUCCESS` with all that the comparison reads; 313 prompts."""
    known = {
        "model": model, "arm": arm, "round": number, "seed": seed,
        "attack": "clean" if level == "ori" else "paper",
        "benchmark": benchmark, "category": OVERALL, "judge": "guard", "target": TARGETS[level],
        "n_neurons": 0 if level == "ori" else 3700,
        "n_harmful": harmful, "n_prompts": 313,
    }  # fmt: skip
    return dict.fromkeys(ATTACK_SUCCESS.names) | known | other


def able(arm, number, task, metric, value, *, seed=0, **other):
    """A row of `CAPABILITY` of the clean model."""
    known = {
        "model": "qwen", "arm": arm, "round": number, "seed": seed, "attack": "clean",
        "target": "none", "task": task, "metric": metric, "value": value,
        "stderr": 0.0125, "n": 1172,
    }  # fmt: skip
    return dict.fromkeys(CAPABILITY.names) | known | other


def compared(attacks, capability=(), of=("paper",)):
    measured = measured_attacks(attacks, ["guard", "veto"], of, BENCHMARKS)
    measured |= measured_capability(capability, TASKS)
    return against_paper(measured, PAPER, MODELS, METHODS)


def only(rows, **key):
    (found,) = (row for row in rows if all(row[name] == value for name, value in key.items()))
    return found


def wilson(hits, trials):
    return tuple(binomtest(hits, trials).proportion_ci(method="wilson"))


def test_one_seed_has_the_interval_over_prompts():
    row = only(compared([attacked("qwen", "base", 0, "full", 250)]), table=1, metric="FULL")
    assert (row["ours"], row["published"], row["seeds"]) == (250 / 313, 279 / 313, 1)
    assert row["difference"] == pytest.approx(-29 / 313)
    assert (row["ours_low"], row["ours_high"]) == pytest.approx(wilson(250, 313))
    assert (row["published_low"], row["published_high"]) == pytest.approx(wilson(279, 313))
    assert row["seeds_low"] is None and row["seeds_high"] is None
    below = (row["ours"] - row["ours_low"]) ** 2 + (row["published_high"] - row["published"]) ** 2
    assert row["difference_low"] == pytest.approx(-29 / 313 - below**0.5)
    assert row.keys() == set(AGAINST_PAPER.names)


def test_seeds_widen_the_difference():
    rows = compared([attacked("qwen", "dpo", 1, "full", h, seed=h) for h in (240, 250)])
    row = only(rows, table=1, metric="FULL")
    reach = t.ppf(0.975, 1) * 5 / 313
    assert (row["ours"], row["seeds"]) == (pytest.approx(245 / 313), 2)
    assert (row["seeds_low"], row["seeds_high"]) == pytest.approx(
        (245 / 313 - reach, 245 / 313 + reach)
    )
    assert (row["ours_low"], row["ours_high"]) == pytest.approx(wilson(245, 313))
    above = [row["ours_high"] - row["ours"], reach, row["published"] - row["published_low"]]
    assert row["difference_high"] == pytest.approx(sum(part**2 for part in above) ** 0.5)


def test_an_interval_over_seeds_of_a_share_stays_within_its_range():
    rows = compared([attacked("qwen", "dpo", 1, "full", h, seed=h) for h in (300, 313)])
    row = only(rows, table=1, metric="FULL")
    assert row["seeds_high"] == 1 and 0 < row["seeds_low"] < 0.8


@pytest.mark.parametrize(
    "other",
    [
        {"judge": "veto"},
        {"category": "theft"},
        {"attack": "magnitude"},
        {"benchmark": "mine"},
        {"fraction": 0.1},
        {"control_seed": 0},
        {"arm": "ablate"},
        {"model": "other"},
        {"round": 2},
    ],
    ids=lambda other: next(iter(other)),
)
def test_what_the_paper_did_not_measure_meets_nothing(other):
    row = attacked("qwen", "dpo", 1, "full", 245)
    shown = attacked("qwen", "dpo", 1, "es", 245, category="theft")  # says who judges
    assert len(compared([row])) == 1
    assert compared([shown, row | other]) == []


def test_both_arms_and_both_sources_of_a_set_stand_beside_safeneuron():
    rows = [
        attacked("qwen", arm, 1, "full", harmful, attack=attack)
        for arm, attack, harmful in [
            ("freeze", "paper", 183), ("freeze", "static", 20), ("both", "paper", 10),
        ]
    ]  # fmt: skip
    table = as_wide(compared(rows, of=("paper", "static")), 1)
    assert table.header == ["model", "method", "arm", "attack", "FULL"]
    own = ["Qwen2.5-7B", "SafeNeuron"]
    assert table.lines == [
        [*own, "freeze", "paper", "0.585 (0.585, +0.000)"],
        [*own, "freeze", "static", "0.064 (0.585, -0.521) *"],
        [*own, "both", "paper", "0.032 (0.585, -0.553) *"],
    ]


def test_table_2_has_the_rounds_of_an_arm_one_below_the_other_with_the_neurons():
    rows = [
        attacked("qwen", arm, number, "full", 279 - number, n_neurons=3700 + number)
        for number in range(4)
        for arm in (("freeze", "both") if number else ("base",))
    ]
    table = as_wide(compared(rows), 2)
    assert table.header == ["model", "method", "arm", "attack", "round", "neurons", "FULL"]
    assert [line[2:6] for line in table.lines] == [
        ["base", "paper", "0", "3700 (3717, -17)"],
        *(["freeze", "paper", str(n), c] for n, c in (
            (1, "3701 (4848, -1147)"), (2, "3702 (4953, -1251)"), (3, "3703 (5218, -1515)"))),
        *(["both", "paper", str(n), c] for n, c in (
            (1, "3701 (4848, -1147)"), (2, "3702 (4953, -1251)"), (3, "3703 (5218, -1515)"))),
    ]  # fmt: skip
    assert table.lines[0][6] == "0.891 (0.891, +0.000)"


def test_table_3_has_a_line_a_benchmark():
    rows = [
        attacked("seeing", arm, number, level, harmful, benchmark=benchmark)
        for arm, number, level, harmful, benchmark in [
            ("base", 0, "ori", 158, "figstep"),
            ("base", 0, "es", 158, "strongreject"),  # the attack that the clean model stands beside
            ("freeze", 1, "full", 6, "figstep"),
            ("freeze", 1, "full", 6, "strongreject"),  # Table 3 has no StrongREJECT
        ]
    ]
    table = as_wide(compared(rows), 3)
    assert table.header == ["model", "benchmark", "method", "arm", "attack", "ORI", "FULL"]
    start = ["Qwen2.5-VL-7B", "VL-Question"]
    assert table.lines == [
        [*start, "base", "base", "paper", "0.505 (0.505, +0.000)", "-"],
        [*start, "SafeNeuron", "freeze", "paper", "-", "0.019 (0.339, -0.319) *"],
    ]


def test_capability_is_the_clean_models_and_stands_on_all_its_lines():
    capability = [
        able("freeze", 1, "arc", "acc", 0.5836),
        able("freeze", 1, "arc", "acc_norm", 0.6),
        able("freeze", 1, "arc", "acc", 0.1, attack="paper", target="es+sas"),
        able("freeze", 1, "mc2", "acc", 0.7),
        able("dpo", 1, "mc2", "acc", 0.6704),
    ]
    attacks = [attacked("qwen", "freeze", 1, "full", 183, attack=a) for a in ("paper", "static")]
    rows = compared(attacks, capability, of=("paper", "static"))
    table = as_wide(rows, 1)
    assert table.header[4:] == ["ARC acc", "ARC acc_norm", "TQA-MC2", "FULL"]
    assert [[*line[1:5], line[6]] for line in table.lines] == [
        ["RLHF", "dpo", "-", "-", "0.670 (0.670, +0.000)"],
        ["SafeNeuron", "freeze", "paper", "0.584 (0.584, +0.000)", "0.700 (0.671, +0.029)"],
        ["SafeNeuron", "freeze", "static", "0.584 (0.584, +0.000)", "0.700 (0.671, +0.029)"],
    ]
    arc = only(rows, table=1, measured_as="acc_norm")
    assert (arc["n"], arc["out_of"], arc["attack"]) == (1172, 1172, None)
    assert (arc["ours_low"], arc["ours_high"]) == pytest.approx((0.5755, 0.6245), abs=1e-4)
    assert (arc["published_low"], arc["published_high"]) == pytest.approx(wilson(684, 1172))
    mc2 = only(rows, table=1, metric="TQA-MC2", arm="freeze")
    assert mc2["published_low"] is None and mc2["difference_low"] is None
    assert mc2["difference"] == pytest.approx(0.0294)


def test_the_page_has_the_tables_that_have_values_and_counts_the_differences():
    rows = compared(
        [attacked("qwen", "base", 0, "ori", 14), attacked("qwen", "base", 0, "full", 100)]
    )
    text = page(rows, "mine")
    assert text.startswith("# Beside the paper's tables: experiment mine\n")
    assert [line for line in text.splitlines() if line.startswith("## ")] == [
        "## Table 1: capability of the clean model, and harmful responses under attack",
        "## Table 2: rounds",
    ]
    ours = "| Qwen2.5-7B | base | base | paper | 0.045 (0.045, +0.000) | 0.319 (0.891, -0.572) * |"
    assert ours in text
    assert "2 values beside published ones; 2 differences have an interval, 1 of" in text


def test_the_stage_joins_both_tables(stage, tmp_path):
    files = {name: tmp_path / f"{name}.parquet" for name in ("attack_success", "capability")}
    write_rows(
        files["attack_success"], ATTACK_SUCCESS, [attacked("qwen", "base", 0, "es", 267)], {}
    )
    write_rows(files["capability"], CAPABILITY, [able("base", 0, "arc", "acc", 0.5)], {})
    made = {"table": "t.parquet", "csv": "t.csv", "page": "t.md"}
    made = {name: tmp_path / file for name, file in made.items()}
    settings = {
        "models": MODELS, "methods": METHODS, "benchmarks": BENCHMARKS, "tasks": TASKS,
        "attacks": ["paper"], "judges": ["guard"], "experiment": "mine",
    }  # fmt: skip
    stage("against_paper", settings, published=VALUES, **files, **made)
    rows = pq.read_table(made["table"]).to_pylist()
    assert [(r["table"], r["metric"], r["ours"]) for r in rows] == [
        (1, "ARC", 0.5), (1, "ES", 267 / 313), (2, "ARC", 0.5),
    ]  # fmt: skip
    assert len(made["csv"].read_text().splitlines()) == 4
    assert "0.500 (0.592, -0.092) *" in made["page"].read_text()
    stage("against_paper", settings, published=VALUES, attack_success=[], capability=[], **made)
    assert pq.read_table(made["table"]).num_rows == 0
