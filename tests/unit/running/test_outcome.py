"""What a run that succeeded ends with."""

import json

from safeneuron.running.outcome import missed_gates, products


def test_products_are_the_files_that_people_open_and_that_are_there(tmp_path):
    for name in ("a.csv", "a.parquet", "b.png", "report.html"):
        (tmp_path / name).touch()
    names = ("report.html", "a.parquet", "a.csv", "missing.csv", "b.pdf", "b.png")
    assert products("demo", [f"{tmp_path}/{name}" for name in names]).splitlines() == [
        "results of experiment 'demo':",
        *(f"  {tmp_path}/{name}" for name in ("report.html", "a.csv", "b.png")),
    ]


def test_states_that_missed_their_gate_are_named(tmp_path):
    validations = [tmp_path / "tiny/T2/validation.json"]  # not there yet
    for state, gate in (("tiny/T0", "missed"), ("tiny/T1", "passed")):
        validations.append(tmp_path / state / "validation.json")
        validations[-1].parent.mkdir(parents=True)
        validations[-1].write_text(json.dumps({"gate": gate}))
    assert missed_gates([str(path) for path in validations], str(tmp_path)) == [
        "\n1 of 2 model states missed their validation gate:",
        "  tiny/T0",
    ]
    assert missed_gates([str(path) for path in validations[2:]], str(tmp_path)) == []
