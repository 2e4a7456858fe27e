import pytest

from safeneuron.alignment import dpo_training


@pytest.fixture
def batches(monkeypatch):
    """The batches that trainings of this test draw, in order."""
    drawn = []
    collate = dpo_training._CollatorWithSource.torch_call

    def recorded(self, examples):
        drawn.append(collate(self, examples))
        return drawn[-1]

    monkeypatch.setattr(dpo_training._CollatorWithSource, "torch_call", recorded)
    return drawn
