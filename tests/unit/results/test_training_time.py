"""What trainings took, from Snakemake's benchmark files."""

import pytest

from safeneuron.neurons.settings import StateSettings
from safeneuron.results.training_time import TRAINING_TIME, training_time

SECONDS = {("dpo", 1, 0): 10.0, ("dpo", 2, 0): 30.0, ("freeze", 1, 0): 25.0,
           ("freeze", 2, 0): 35.0, ("freeze", 1, 1): 7.0}  # fmt: skip


def test_all_rounds_are_added_up_beside_the_baselines_of_the_same_seed(tmp_path):
    states, files = [], []
    for (arm, number, seed), seconds in SECONDS.items():
        states.append(StateSettings(model="m", arm=arm, round=number, seed=seed))
        files.append(tmp_path / f"{arm}{number}{seed}.tsv")
        files[-1].write_text(f"s\th:m:s\tcpu_time\n{seconds}\t0:00:{seconds:.0f}\tNA\n")
    rows = training_time(states, files, "dpo")
    assert all(row.keys() == set(TRAINING_TIME.names) for row in rows)
    seen = [(row["arm"], row["seed"], row["rounds"], row["seconds"]) for row in rows]
    assert seen == [("dpo", 0, 2, 40.0), ("freeze", 0, 2, 60.0), ("freeze", 1, 1, 7.0)]
    assert [row["ratio"] for row in rows] == [1.0, pytest.approx(1.5), None]
