import json

import pytest

from safeneuron.artifacts.gates import gate_of, with_gates, with_validations
from safeneuron.errors import CorruptFileError

T0 = {"model": "m", "arm": "base", "round": 0, "seed": 0}
T1 = {"model": "m", "arm": "dpo", "round": 1, "seed": 0}
MINE = {"model": "mine", "arm": "base", "round": 0, "seed": 0}


@pytest.fixture
def validations(tmp_path):
    """The validations of T1 and T0, in this order."""
    files = []
    for state, gate in ((T1, "missed"), (T0, "passed")):
        files.append(tmp_path / f"{state['arm']}.json")
        document = {**state, "gate": gate, "validation": {"refused": 0.5}}
        files[-1].write_text(json.dumps(document))
    return files


def test_a_state_passed_or_missed_its_gate_or_has_none(validations):
    assert [gate_of(path) for path in (*validations, None)] == ["missed", "passed", "no gate"]


def test_rows_get_the_gate_of_the_state_that_they_name_whatever_the_order(validations):
    rows = [{**T0, "x": 1}, {**MINE, "x": 2}, {**T1, "x": 3}, {**T0, "x": 4}]
    gates = [row["gate"] for row in with_gates(rows, validations)]
    assert gates == ["passed", "no gate", "missed", "passed"]
    assert with_gates(rows, validations)[0] == {**T0, "x": 1, "gate": "passed"}


def test_the_figures_come_with_the_gate(validations):
    seen = [row["validation"] for row in with_validations([T0, MINE], validations)]
    assert seen == [{"refused": 0.5}, None]


def test_a_damaged_validation_is_set_aside(validations):
    validations[0].write_text("{")
    with pytest.raises(CorruptFileError, match=r"was moved to dpo\.json\.corrupt"):
        gate_of(validations[0])
