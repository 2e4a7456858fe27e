"""Over-refusal of a small table of verdicts, computed by hand: no benchmark weighs on another."""

import pyarrow as pa
import pytest

from answers import verdict_files
from safeneuron.artifacts.gates import with_gates
from safeneuron.artifacts.tables import read_table, write_rows
from safeneuron.results.over_refusal import OVER_REFUSAL, by_benchmark, over_refusal
from safeneuron.statistics.intervals import wilson_interval
from unit.results.test_attack_success import FULL, ORI, verdicts

REFUSED, COMPLIED, BROKEN = ("refused", None), ("complied", None), ("broken", None)
ROWS = [
    *verdicts(ORI, "harmful", ("theft", *REFUSED)),
    *verdicts(ORI, "xstest", ("homonyms", *REFUSED), ("definitions", *COMPLIED)),
    *verdicts(ORI, "or_bench", *[("safe", *COMPLIED)] * 8),
    *verdicts(FULL, "xstest", ("homonyms", *COMPLIED), ("definitions", *BROKEN)),
    *verdicts(FULL, "or_bench", *[("safe", *REFUSED)] * 8),
]


@pytest.fixture
def rows(tmp_path):
    return over_refusal(verdict_files(tmp_path, ROWS))


@pytest.mark.parametrize(
    ("target", "benchmark", "category", "prompts", "refused", "coherent"),
    [
        ("none", "xstest", "overall", 2, 1, 1.0),
        ("none", "xstest", "homonyms", 1, 1, 1.0),
        ("none", "xstest", "definitions", 1, 0, 1.0),
        ("none", "or_bench", "overall", 8, 0, 1.0),
        ("es+sas", "xstest", "overall", 2, 0, 0.5),
        ("es+sas", "or_bench", "safe", 8, 8, 1.0),
    ],
)
def test_shares(rows, target, benchmark, category, prompts, refused, coherent):
    key = {"target": target, "benchmark": benchmark, "category": category}
    (row,) = (r for r in rows if r.items() >= key.items())
    assert (row["n_prompts"], row["n_refused"]) == (prompts, refused)
    assert row["over_refusal"] == refused / prompts
    assert row["coherent"] == coherent
    assert row["utility"] is None
    interval = wilson_interval(refused, prompts)
    assert (row["over_refusal_low"], row["over_refusal_high"]) == (interval.low, interval.high)


def test_harmful_benchmarks_have_no_rows(rows):
    assert {r["benchmark"] for r in rows} == {"xstest", "or_bench"}


def test_rows_are_rows_of_the_table(tmp_path, rows):
    rows = with_gates(rows, [])
    write_rows(tmp_path / "t.parquet", OVER_REFUSAL, rows, {})
    assert read_table(tmp_path / "t.parquet", OVER_REFUSAL).to_pylist() == rows


def test_for_reading_a_line_a_benchmark_and_attack(rows):
    control = {**rows[0], "control_seed": 0}
    table = pa.Table.from_pylist(with_gates([*rows, control], []), schema=OVER_REFUSAL)
    lines = by_benchmark(table, ["guard", "oracle"]).to_pylist()
    assert [(r["target"], r["benchmark"], r["over_refusal"]) for r in lines] == [
        ("none", "xstest", 0.5),
        ("none", "or_bench", 0.0),
        ("es+sas", "xstest", 0.0),
        ("es+sas", "or_bench", 1.0),
    ]
    assert by_benchmark(table, ["refusal_prefix"]).num_rows == 0


def test_each_strength_of_an_attack_can_be_told_from_the_others(rows):
    twice = [{**row, "strength": number} for number in (1.0, 2.0) for row in rows]
    table = pa.Table.from_pylist(with_gates(twice, []), schema=OVER_REFUSAL)
    assert set(by_benchmark(table, ["guard", "oracle"])["strength"].to_pylist()) == {1.0, 2.0}
