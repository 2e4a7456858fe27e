"""The freeze guarantee in every way of training in one process: it holds, and broken it is found.

In two processes: test_two_processes.py; each way of breaking it by itself:
test_freeze_violations.py and test_lora.py.
"""

import pytest

from safeneuron.alignment.freeze_proof import FreezeViolationError, freeze_report
from safeneuron.alignment.freezing import FrozenSlices
from safeneuron.alignment.settings import LoRA
from unit.alignment.rounds import MASK, train

WAYS = {
    "float32": {},
    "bfloat16 products": {"precision": "bfloat16"},
    "recomputed activations": {"gradient_checkpointing": True},
    "both": {"precision": "bfloat16", "gradient_checkpointing": True},
    "accumulated": {"accumulation": 2},
    "low rank": {"lora": LoRA(rank=4, alpha=8)},
    "low rank, both": {
        "lora": LoRA(rank=4, alpha=8),
        "precision": "bfloat16",
        "gradient_checkpointing": True,
    },
}


@pytest.mark.parametrize("way", WAYS)
def test_it_holds(way, tmp_path):
    trained = train("freeze_ablate", tmp_path, **WAYS[way])
    report = freeze_report(trained.model, trained.before, MASK)
    report.check()
    assert report.free_moved > 0.99


@pytest.mark.parametrize("way", WAYS)
def test_broken_it_is_found(way, monkeypatch, tmp_path):
    """No gradient is masked, and nothing is restored."""
    remember = FrozenSlices.__init__

    def unmasked(self, *arguments):
        remember(self, *arguments)
        self.release()

    monkeypatch.setattr(FrozenSlices, "__init__", unmasked)
    monkeypatch.setattr(FrozenSlices, "restore", lambda self: None)
    with pytest.raises(FreezeViolationError, match=r"moved frozen weights|frozen weights moved"):
        trained = train("freeze", tmp_path, **WAYS[way])
        freeze_report(trained.model, trained.before, MASK).check()
