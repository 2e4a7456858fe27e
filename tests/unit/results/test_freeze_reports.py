"""The table of what trainings froze and moved, from their reports."""

import json
from dataclasses import asdict, fields

import pytest

from safeneuron.alignment.freeze_proof import FreezeReport
from safeneuron.artifacts.tables import GATED_STATE, read_table
from safeneuron.results.freeze_reports import FREEZE_REPORTS, as_wide

PROOF = FreezeReport(
    frozen_neurons=7,
    neuron_elements=96,
    frozen_elements=672,
    frozen_moved=0,
    frozen_max_change=0.0,
    frozen_sha256_before="ab",
    frozen_sha256_after="ab",
    constant_elements=64,
    constant_moved=0,
    free_elements=1000,
    free_moved=0.75,
    free_trained=0.5,
    free_mean_change=0.001,
)
NOTHING_FROZEN = {"frozen_neurons": 0, "frozen_elements": 0, "free_trained": 0.25}


def report(arm, number, seed, **changes):
    state = {"model": "tiny", "arm": arm, "round": number, "seed": seed}
    return state | asdict(PROOF) | changes


REPORTS = [
    report("dpo", 1, 0, **NOTHING_FROZEN),
    report("freeze", 1, 0),
    report("freeze", 1, 1, frozen_neurons=9, free_trained=0.75),
    report("freeze", 2, 0, frozen_neurons=12),
]


@pytest.fixture
def table(stage, tmp_path):
    """The stage's table of the reports, and its CSV."""
    files = [tmp_path / f"{number}.json" for number in range(len(REPORTS))]
    for path, document in zip(files, REPORTS, strict=True):
        path.write_text(json.dumps(document))
    gate = tmp_path / "validation.json"
    state = {"model": "tiny", "arm": "freeze", "round": 1, "seed": 1}
    gate.write_text(json.dumps(state | {"gate": "missed", "validation": None}))
    out, csv = tmp_path / "t.parquet", tmp_path / "t.csv"
    stage("freeze_reports", None, reports=files, validations=[gate], out=out, csv=csv)
    return read_table(out, FREEZE_REPORTS).to_pylist(), csv.read_text().splitlines()


def test_it_has_a_column_for_each_figure_of_a_proof():
    assert FREEZE_REPORTS.names == [*GATED_STATE, *(field.name for field in fields(FreezeReport))]


def test_it_has_every_report_as_it_is_with_its_states_gate(table):
    rows, lines = table
    gates = ["no gate", "no gate", "missed", "no gate"]
    assert rows == [r | {"gate": gate} for r, gate in zip(REPORTS, gates, strict=True)]
    assert lines[0].split(",") == FREEZE_REPORTS.names
    assert lines[3].startswith("tiny,freeze,1,1,missed,9,96,672,0,0.0,ab,ab,")
    assert len(lines) == 5


def test_for_reading_it_says_how_many_trainings_froze_how_many_neurons(table):
    assert as_wide(table[0]).lines == [
        ["tiny", "dpo", "1", "1, 0 of which froze", "0", "0", "0.2500"],
        ["tiny", "freeze", "1", "2, 2 of which froze", "7 to 9", "0", "0.6250"],
        ["tiny", "freeze", "2", "1, 1 of which froze", "12", "0", "0.5000"],
        ["all", "-", "-", "4, 3 of which froze", "0 to 12", "0", "0.5000"],
    ]
