"""Safety tuning of mixtures of experts learns from the answers alone."""

import copy

import pytest
import torch

import mixtures
from safeneuron.tuning.training import safety_tune
from unit.alignment.rounds import hooks
from unit.tuning.lessons import EXAMPLES, SETTINGS, TOKENIZER


@pytest.mark.parametrize("kind", ["mixtral", "qwen3_moe"])
def test_no_loss_of_the_router_is_added_and_only_experts_train_where_only_these_may(kind, tmp_path):
    model = mixtures.build(kind)
    before = copy.deepcopy(model)
    settings = SETTINGS.model_copy(update={"steps": 2, "weights": "mlp"})
    assert model.config.router_aux_loss_coef > 0
    safety_tune(model, TOKENIZER, EXAMPLES, settings, 0, tmp_path)
    # the trainer sets it where it adds the router's loss, and it would be saved
    assert model.config.output_router_logits is False
    then = dict(before.named_parameters())
    moved = {name for name, p in model.named_parameters() if not torch.equal(p, then[name])}
    assert moved and all(".mlp.experts." in name for name in moved)
    assert hooks(model) == 0
