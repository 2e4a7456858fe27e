"""How much the jobs of an experiment compute, by its configuration."""

import pytest

from safeneuron.config.load import load_config
from safeneuron.experiment.work import JobWork


def capability(limit):
    task = {"kind": "file", "form": "arc", "questions": ["q.jsonl"], "limit": limit}
    config = load_config({"capability": {"tasks": {"easy": task}}})
    return JobWork(config, {}).capability("organism", "clean", "easy")


def test_a_task_of_few_questions_is_so_much_less_work():
    whole, few = capability(None), capability(237)
    assert few.flops == pytest.approx(whole.flops * 998 / 10_000)
    assert capability(9_999).flops == whole.flops
