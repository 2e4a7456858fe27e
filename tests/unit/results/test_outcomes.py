"""Outcomes prompt by prompt: the same counts as `attack_success`, each prompt at its place."""

import numpy as np
import pandas as pd
import pytest

from safeneuron.results.outcomes import cell_of
from safeneuron.results.shown import whole_benchmarks
from unit.results.judged import CLEAN, cell, judged

CELLS = [
    *cell("base", 0, 7, "ccra", "erb"),
    *cell("base", 0, 3, "rccc", "eer"),
    *cell("base", 0, 3, "crrr", "eee", control_seed=1),
    *cell("base", 0, 3, "rrrr", "eee", control_seed=2),
]


def frame_of(run, **where):
    frame = whole_benchmarks(run.rows, ["oracle"])
    for name, value in where.items():
        frame = frame[frame[name].isna() if value is None else frame[name] == value]
    return frame


def test_rows_are_seeds_in_order_and_columns_prompts_in_the_order_of_their_table(tmp_path):
    run = judged(tmp_path, CELLS, {"text": "aabc"})
    sample = run.outcomes.sample(frame_of(run, control_seed=None), "complied")
    # of seeds 3 and 7; the prompt table has the prompts the other way round
    assert sample.values.tolist() == [[1, 1, 1, 0], [0, 0, 1, 1]]
    assert sample.clusters[2] == sample.clusters[3] != sample.clusters[0] != sample.clusters[1]


def test_a_seeds_controls_are_averaged(tmp_path):
    run = judged(tmp_path, CELLS)
    controls = frame_of(run).dropna(subset=["control_seed"])
    assert run.outcomes.sample(controls, "asr").values.tolist() == [[0, 0, 0, 0.5]]


@pytest.mark.parametrize(
    "column",
    ["asr", "not_refused", "complied", "attempted", "refused", "broken", "utility", "over_refusal"],
)
def test_means_are_those_of_attack_success(tmp_path, column):
    run = judged(tmp_path, CELLS)
    frame = frame_of(run, control_seed=None).sort_values("seed")
    sample = run.outcomes.sample(frame, column)
    assert sample.values.mean(axis=1) == pytest.approx(frame[column].astype(float).to_numpy())


def test_safe_benchmarks_are_taken_together_and_their_clusters_kept_apart(tmp_path):
    other = [
        {**row, "benchmark": "mild", "dataset": "mild", "role": "safe"}
        for row in cell("base", 0, 3, "re")
        if row["benchmark"] == "text"
    ]
    one_name = {"safe": ["x"] * 4, "mild": ["x"] * 2}
    run = judged(tmp_path, [*cell("base", 0, 3, "c"), *other], one_name)
    sample = run.outcomes.sample(frame_of(run), "utility")
    assert sample.values.tolist() == [[1, 0, 1, 1, 1, 1]]
    assert len(np.unique(sample.clusters[:2])) == len(np.unique(sample.clusters[2:])) == 1
    assert sample.clusters[0] != sample.clusters[2]


def test_what_the_judge_cannot_tell_has_no_sample(tmp_path):
    rows = [row | {"exact": None} for row in cell("base", 0, 3, "cr")]
    run = judged(tmp_path, rows)
    assert run.outcomes.sample(frame_of(run), "utility") is None
    assert run.outcomes.sample(frame_of(run), "over_refusal").values.tolist() == [[0, 0, 0, 0]]
    assert run.outcomes.sample(frame_of(run)[:0], "asr") is None


def test_prompts_that_have_no_table_and_cells_of_other_prompts_are_refused(tmp_path):
    for name, rows, message in (
        ("other", [*cell("base", 0, 3, "cr"), *cell("base", 0, 4, "crr")], "other prompts than"),
        ("fewer", [*cell("base", 0, 3, "crr"), *cell("base", 0, 4, "cr")], "other prompts than"),
    ):
        (tmp_path / name).mkdir()
        with pytest.raises(ValueError, match=message):
            judged(tmp_path / name, rows)


def test_a_cell_is_known_by_its_columns_whatever_table_they_stand_in():
    (row, *_) = cell("base", 0, 3, "c", **CLEAN)
    assert cell_of(row) == ("m", "base", 0, 3, "clean", "none", None, None, None, "oracle")
    assert pd.isna(cell_of(row)[6])
