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


@pytest.fixture
def without_gradients(monkeypatch):
    """Trainings of this test have a loss of 0 times what they had."""
    loss = dpo_training._PlannedTrainer.compute_loss

    def nothing(*given, **named):
        return 0.0 * loss(*given, **named)

    monkeypatch.setattr(dpo_training._PlannedTrainer, "compute_loss", nothing)
