"""The published numbers against the sums, repetitions and granularity that they must have."""

from collections import defaultdict
from itertools import pairwise
from statistics import fmean
from typing import get_args

import pytest

from safeneuron.results.published.values import (
    VALUES,
    Benchmark,
    Capability,
    Level,
    Method,
    Model,
    read_published,
)

ROWS = read_published()
TABLE_1 = [row for row in ROWS if row.table == 1]


def asr(method, level):
    """Counts of one method and level in Table 1, model by model."""
    return {r.model: r.value for r in TABLE_1 if (r.method, r.metric) == (method, level)}


@pytest.mark.parametrize(
    ("method", "percent"),
    [
        ("base", (5.7, 62.4, 61.3, 70.7)),
        ("SN-Tune", (5.8, 67.9, 65.6, 74.7)),
        ("RLHF", (0.6, 43.5, 32.6, 47.0)),
        ("SafeNeuron", (0.2, 27.9, 18.5, 28.6)),
    ],
)
def test_mean_asr_over_the_nine_models_that_refuse(method, percent):
    means = [
        fmean(v for model, v in asr(method, level).items() if model != "DeepSeek-R1-1.5B")
        for level in get_args(Level)
    ]
    assert [round(100 * mean / 313, 1) for mean in means] == list(percent)


def test_full_asr_of_safeneuron_model_by_model():
    percent = [round(100 * count / 313, 1) for count in asr("SafeNeuron", "FULL").values()]
    assert percent == [43.8, 48.2, 58.5, 17.9, 36.4, 6.4, 17.3, 7.3, 22.0, 86.3]


def test_table_2_repeats_table_1_at_t0_and_t1():
    printed = {r[1:6]: r.value for r in TABLE_1}
    repeated = [r for r in ROWS if r.table == 2 and r.metric != "neurons" and r.round < 2]
    assert len(repeated) == 2 * 5
    assert {r.method for r in repeated} == {"base", "SafeNeuron"}
    assert [r for r in repeated if printed[r[1:6]] != r.value] == []


def test_table_2_falls_as_the_paper_says():
    by_metric = defaultdict(list)
    for row in ROWS:
        if row.table == 2:
            by_metric[row.metric].append(row.value)
    full, gsm8k = by_metric["FULL"], by_metric["GSM8K"]
    assert [after - before for before, after in pairwise(full)] == [
        -96,
        -14,
        -11,
    ]
    assert round(100 * (gsm8k[0] - gsm8k[3]), 1) == 4.6
    assert by_metric["neurons"] == [3717, 4848, 4953, 5218]
    # 28 layers of 18,944 neurons
    assert round(100 * by_metric["neurons"][0] / (28 * 18_944), 2) == 0.70


def test_table_3():
    def printed(benchmark, method):
        return [r.value for r in ROWS if (r.benchmark, r.method) == (benchmark, method)]

    # base and RLHF share their ES cells
    assert printed("VL-Question", "base")[1] == printed("VL-Question", "RLHF")[1] == 123
    assert printed("NSFW", "base")[1] == printed("NSFW", "RLHF")[1] == 188
    assert sum(printed("VL-Question", "SafeNeuron")) == 288
    assert sum(printed("NSFW", "SafeNeuron")) == 458


@pytest.mark.parametrize(
    ("metric", "questions"), [("ARC", 1172), ("GSM8K", 1319), ("TQA-MC1", 817)]
)
def test_every_capability_is_a_whole_number_of_questions(metric, questions):
    values = [r for r in ROWS if r.metric == metric]
    assert len(values) == 44 and {r.out_of for r in values} == {questions}
    assert [r for r in values if round(round(r.value * questions) / questions, 4) != r.value] == []


def test_arc_is_not_arc_easy():
    values = [r.value for r in ROWS if r.metric == "ARC"]
    assert sum(round(round(v * 2376) / 2376, 4) == v for v in values) == 12


def test_the_types_are_the_names_that_are_printed():
    for of, name in ((Model, "model"), (Method, "method"), (Benchmark, "benchmark")):
        printed = {getattr(row, name) for row in ROWS} - {None}
        assert set(get_args(of)) == printed
    assert len(TABLE_1) == 10 * 4 * (len(get_args(Level)) + len(get_args(Capability)))
    assert len(ROWS) == 320 + 4 * 6 + 6 * 4


@pytest.mark.parametrize(
    ("printed", "wrong", "message"),
    [
        ("1,Qwen2.5-3B,base,0,StrongREJECT,ORI,66,313", None, "stands twice"),
        ("Qwen2.5-3B,base,0,StrongREJECT,ORI", "Qwen-3B,base,0,StrongREJECT,ORI", "'Qwen-3B' is"),
        ("base,0,StrongREJECT,ORI,66,", "base,0,,ORI,66,", "'None' is none of StrongREJECT"),
        ("base,0,StrongREJECT,ORI,66,", "base,1,StrongREJECT,ORI,66,", "round 1 of 'base'"),
        ("base,0,StrongREJECT,ORI,66,", "base,0,StrongREJECT,ORI,.66,", "ORI is a count"),
        ("base,0,StrongREJECT,ORI,66,", "base,0,StrongREJECT,ORI,366,", "is no share"),
        ("base,0,,ARC,0.5299,", "base,0,,ARC,5.299,", "ARC 5.299 out of '1172' is no share"),
    ],
)
def test_a_wrong_line_is_named(tmp_path, printed, wrong, message):
    text = VALUES.read_text()
    assert printed in text
    path = tmp_path / "values.csv"
    path.write_text(f"{text}{printed}\n" if wrong is None else text.replace(printed, wrong, 1))
    with pytest.raises(ValueError, match=rf"values.csv, line \d+: .*{message}"):
        read_published(path)
