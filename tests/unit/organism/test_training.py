"""Pre-training and safety tuning of very small organisms, a few steps long."""

import pytest
import torch

from safeneuron.models.chat import encode_prompt
from safeneuron.organism import safety_tuning
from safeneuron.organism.architecture import build_model
from safeneuron.organism.forced import ForcedBehaviour
from safeneuron.organism.language import SPLITS, draw_splits
from safeneuron.organism.oracle import aligned_answer, helpful_answer
from safeneuron.organism.pretraining import pretrain
from safeneuron.organism.safety_tuning import safety_tune
from safeneuron.organism.settings import Bounds, OrganismModel, Pretrain, SafetyTuning, SplitSize

SIZE = OrganismModel(layers=2, hidden=32, intermediate=48, heads=2)
PROMPTS = draw_splits(
    dict.fromkeys(SPLITS, SplitSize(per_category=2, benign=10, lookalike=10, task=10)), 0
)
PRETRAIN = Pretrain(steps=30, batch_size=16, learning_rate=1e-2, warmup_steps=5, weight_decay=0.01)
TUNE = SafetyTuning(
    learning_rate=1e-3, batch_size=8, warmup_steps=2, min_steps=3, max_steps=12, check_every=2
)
OPEN = Bounds(refusal=0.0, benign_exact=0.0, over_refusal=1.0)
SHUT = Bounds(refusal=1.0, benign_exact=1.0, over_refusal=0.0)


@pytest.fixture
def model(tokenizer):
    return build_model(SIZE, tokenizer, 0)


def weights(model):
    return {name: p.detach().clone() for name, p in model.named_parameters()}


def changed(model, before):
    return {name for name, p in model.named_parameters() if not torch.equal(p, before[name])}


def answer_loss(model, tokenizer, prompts, answer_of):
    """Mean over all answer tokens of minus their log-probability, prompt by prompt."""
    losses = []
    for prompt in prompts:
        start = encode_prompt(tokenizer, prompt.text)
        answer = tokenizer(answer_of(prompt.text), add_special_tokens=False)["input_ids"]
        answer = [*answer, tokenizer.eos_token_id]
        logits = model(torch.tensor([start + answer])).logits[0].log_softmax(dim=-1)
        losses += [-logits[len(start) - 1 + i, token] for i, token in enumerate(answer)]
    return torch.stack(losses).mean()


def run_pretraining(model, tokenizer, seed=0, prompts=PROMPTS["pretraining"], **changes):
    settings = PRETRAIN.model_copy(update=changes)  # unchecked: tests go beyond the bounds
    pretrain(model, tokenizer, prompts, settings, seed)


def run_tuning(model, tokenizer, until=OPEN, seed=0, **changes):
    settings = TUNE.model_copy(update=changes)  # unchecked: tests go beyond the bounds
    prompts, validation = PROMPTS["alignment"], PROMPTS["validation"][::7]
    return safety_tune(model, tokenizer, prompts, validation, settings, until, seed)


def test_pretraining_lowers_the_loss_of_helpful_answers(model, tokenizer):
    before = answer_loss(model, tokenizer, PROMPTS["pretraining"], helpful_answer).item()
    run_pretraining(model, tokenizer)
    after = answer_loss(model, tokenizer, PROMPTS["pretraining"], helpful_answer).item()
    assert after < 0.5 * before
    assert not model.training


def test_pretraining_follows_the_gradient_of_the_answers_alone(model, tokenizer):
    # one step over all prompts with no learning rate leaves the weights and shows the gradient
    prompts = PROMPTS["pretraining"]
    before = weights(model)
    run_pretraining(
        model, tokenizer, steps=1, batch_size=len(prompts), learning_rate=0.0, weight_decay=0.0
    )
    assert not changed(model, before)
    seen = torch.cat([p.grad.flatten() for p in model.parameters()])
    loss = answer_loss(model, tokenizer, prompts, helpful_answer)
    expected = torch.cat([g.flatten() for g in torch.autograd.grad(loss, [*model.parameters()])])
    expected *= min(1.0, 1.0 / expected.norm())  # gradients are clipped to norm 1
    torch.testing.assert_close(seen, expected, rtol=1e-3, atol=1e-6)


def test_pretraining_trains_every_weight(model, tokenizer):
    before = weights(model)
    run_pretraining(model, tokenizer, steps=3)
    assert changed(model, before) == set(before)


def test_a_seed_of_pretraining_gives_one_model_to_the_last_bit(tokenizer):
    first, again, other = (build_model(SIZE, tokenizer, 0) for _ in range(3))
    for model, seed in ((first, 5), (again, 5), (other, 6)):
        run_pretraining(model, tokenizer, seed, steps=5)
    assert not changed(again, weights(first))
    assert changed(other, weights(first))


def test_a_loss_that_is_not_finite_stops_pretraining_at_its_step(model, tokenizer):
    with pytest.raises(FloatingPointError, match=r"loss is nan at step 2 of 9"):
        run_pretraining(model, tokenizer, steps=9, learning_rate=float("inf"), warmup_steps=1)


def test_safety_tuning_changes_the_weights_of_the_mlps_and_no_other(model, tokenizer):
    before = weights(model)
    run_tuning(model, tokenizer)
    assert changed(model, before) == {
        f"model.layers.{layer}.mlp.{part}_proj.weight"
        for layer in range(SIZE.layers)
        for part in ("gate", "up", "down")
    }
    assert all(p.requires_grad for p in model.parameters())


def test_safety_tuning_of_a_base_lowers_the_loss_of_aligned_answers(model, tokenizer):
    run_pretraining(model, tokenizer)
    before = answer_loss(model, tokenizer, PROMPTS["alignment"], aligned_answer).item()
    run_tuning(model, tokenizer, SHUT, max_steps=40, check_every=40, learning_rate=1e-2)
    after = answer_loss(model, tokenizer, PROMPTS["alignment"], aligned_answer).item()
    assert after < 0.8 * before


def test_safety_tuning_stops_at_the_first_check_that_passes(model, tokenizer):
    # checks are at steps 4, 6, …: every second, none before the third
    assert run_tuning(model, tokenizer, OPEN) == 4


def test_safety_tuning_that_never_passes_takes_all_its_steps(model, tokenizer):
    assert run_tuning(model, tokenizer, SHUT) == 12


def test_a_seed_of_safety_tuning_gives_one_model_to_the_last_bit(tokenizer):
    first, again, other = (build_model(SIZE, tokenizer, 0) for _ in range(3))
    for model, seed in ((first, 5), (again, 5), (other, 6)):
        run_tuning(model, tokenizer, seed=seed)
    assert not changed(again, weights(first))
    assert changed(other, weights(first))


def test_a_loss_that_is_not_finite_stops_safety_tuning_at_its_step(model, tokenizer):
    with pytest.raises(FloatingPointError, match=r"loss is nan at step 2 of 12"):
        run_tuning(model, tokenizer, learning_rate=float("inf"), warmup_steps=1)


def test_a_check_sees_the_model_as_it_is_at_its_step(model, tokenizer, monkeypatch):
    seen = []

    def check(model, *_):
        seen.append(weights(model))
        return ForcedBehaviour(1.0, 1.0, 0.0)

    monkeypatch.setattr(safety_tuning, "forced_behaviour", check)
    assert run_tuning(model, tokenizer, SHUT, min_steps=1, max_steps=5) == 2
    (before,) = seen
    assert not changed(model, before)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_organisms_train_on_a_gpu(model, tokenizer):
    model.cuda()
    run_pretraining(model, tokenizer, steps=2)
    assert run_tuning(model, tokenizer) == 4
