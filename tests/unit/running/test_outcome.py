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


def test_states_that_missed_their_gate_are_named_and_those_without_a_gate_are_not(tmp_path):
    reported = {"tiny/T0": {"gate_passed": False}, "tiny/T1": {"gate_passed": True}, "hub/T0": {}}
    manifests = [tmp_path / "tiny/T2/checkpoint.json"]
    for state, figures in reported.items():
        manifests.append(tmp_path / state / "checkpoint.json")
        manifests[-1].parent.mkdir(parents=True)
        manifests[-1].write_text(json.dumps({"reported": figures}))
    assert missed_gates([str(path) for path in manifests], str(tmp_path)) == [
        "\n1 of 3 model states missed their validation gate:",
        "  tiny/T0",
    ]
    assert missed_gates([str(path) for path in manifests[2:]], str(tmp_path)) == []
