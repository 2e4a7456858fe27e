"""How much the jobs of an experiment compute, by its configuration."""

import pytest

from safeneuron.config.load import load_config
from safeneuron.experiment.states import State
from safeneuron.experiment.work import JobWork


def capability(limit):
    task = {"kind": "file", "form": "arc", "questions": ["q.jsonl"], "limit": limit}
    config = load_config({"capability": {"tasks": {"easy": task}}})
    return JobWork(config, {}).capability("organism", "clean", "easy")


def test_a_task_of_few_questions_is_so_much_less_work():
    whole, few = capability(None), capability(237)
    assert few.flops == pytest.approx(whole.flops * 998 / 10_000)
    assert capability(9_999).flops == whole.flops


@pytest.mark.parametrize(
    ("saved_dtype", "bytes_each"), [(None, 2), ("float32", 4), ("bfloat16", 2)]
)
def test_a_round_writes_so_many_bytes_a_parameter(saved_dtype, bytes_each):
    model = {"kind": "hub", "id": "a/b", "revision": None, "parameters": 1_000_000}
    run = {"models": ["raw"], "attacked": [], "aligned": ["raw"]}
    align = {"training": {"saved_dtype": saved_dtype}}
    config = load_config({"models": {"raw": model}, "run": run, "align": align})
    work = JobWork(config, {})
    size = work.size_of("raw").parameters
    written = work.align(State("raw", "freeze", 1, 0)).written
    assert written == bytes_each * size
