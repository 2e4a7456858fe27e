import pytest

from safeneuron.alignment import dpo_training
from safeneuron.alignment.simulated_direction import SimulatedDirection


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


@pytest.fixture
def removed(monkeypatch):
    """What trainings of this test removed, step by step: directions [phases, hidden] or None."""
    seen = []
    begin = SimulatedDirection.begin_step

    def recorded(self, step, removing):
        begin(self, step, removing)
        now = self.removal.directions
        seen.append(now if now is None else now.clone())

    monkeypatch.setattr(SimulatedDirection, "begin_step", recorded)
    return seen
