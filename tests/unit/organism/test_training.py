"""Pre-training and safety tuning of very small organisms, a few steps long."""

import pytest
import torch

from safeneuron.models.chat import encode_prompt
from safeneuron.organism import safety_tuning
from safeneuron.organism.architecture import Size, build_model
from safeneuron.organism.behaviour import Behaviour, Gate
from safeneuron.organism.language import SPLITS, draw_splits
from safeneuron.organism.oracle import aligned_answer, helpful_answer
from safeneuron.organism.pretraining import PretrainSettings, pretrain
from safeneuron.organism.safety_tuning import SafetyTuningSettings, safety_tune
from safeneuron.organism.settings import SplitSize

SIZE = Size(layers=2, hidden=32, intermediate=48, heads=2)
PROMPTS = draw_splits(
    dict.fromkeys(SPLITS, SplitSize(per_category=2, benign=10, lookalike=10, task=10)), 0
)
PRETRAIN = PretrainSettings(
    steps=30, batch_size=16, learning_rate=1e-2, warmup_steps=5, weight_decay=0.01
)
TUNE = SafetyTuningSettings(
    learning_rate=1e-3, batch_size=8, warmup_steps=2, min_steps=3, max_steps=12, check_every=2
)
OPEN, SHUT = Gate(0.0, 0.0, 1.0), Gate(1.0, 1.0, 0.0)


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
    pretrain(model, tokenizer, prompts, PretrainSettings(**{**vars(PRETRAIN), **changes}), seed)


def run_tuning(model, tokenizer, gate=OPEN, seed=0, **changes):
    settings = SafetyTuningSettings(**{**vars(TUNE), **changes})
    prompts, validation = PROMPTS["alignment"], PROMPTS["validation"][::7]
    return safety_tune(model, tokenizer, prompts, validation, settings, gate, seed)


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
    result = run_tuning(model, tokenizer, OPEN)
    assert (result.steps, result.passed) == (4, True)


def test_safety_tuning_that_never_passes_takes_all_its_steps_and_says_so(model, tokenizer):
    result = run_tuning(model, tokenizer, SHUT)
    assert (result.steps, result.passed) == (12, False)


def test_a_seed_of_safety_tuning_gives_one_model_to_the_last_bit(tokenizer):
    first, again, other = (build_model(SIZE, tokenizer, 0) for _ in range(3))
    for model, seed in ((first, 5), (again, 5), (other, 6)):
        run_tuning(model, tokenizer, seed=seed)
    assert not changed(again, weights(first))
    assert changed(other, weights(first))


def test_a_loss_that_is_not_finite_stops_safety_tuning_at_its_step(model, tokenizer):
    with pytest.raises(FloatingPointError, match=r"loss is nan at step 2 of 12"):
        run_tuning(model, tokenizer, learning_rate=float("inf"), warmup_steps=1)


@pytest.fixture
def measured(monkeypatch):
    """The weights at every measurement, with a behaviour that passes no gate."""
    states = []

    def measure(model, *_):
        states.append(weights(model))
        return Behaviour(1, 0, 0, 0, 0, 0)

    monkeypatch.setattr(safety_tuning, "measure", measure)
    return states


def test_what_safety_tuning_reports_was_seen_on_the_model_that_it_leaves(
    model, tokenizer, measured
):
    run_tuning(model, tokenizer, SHUT, max_steps=5, check_every=2)
    assert not changed(model, measured[-1])


def test_safety_tuning_without_time_for_a_check_still_reports_one(model, tokenizer, measured):
    result = run_tuning(model, tokenizer, SHUT, max_steps=2, min_steps=3)
    assert (result.steps, result.passed) == (2, False)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_organisms_train_on_a_gpu(model, tokenizer):
    model.cuda()
    run_pretraining(model, tokenizer, steps=2)
    assert run_tuning(model, tokenizer).steps == 4
