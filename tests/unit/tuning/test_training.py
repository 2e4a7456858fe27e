"""Safety tuning against plain torch: what is learned, which weights move, kills and faults."""

import math
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from families import QWEN_TOKENIZER
from safeneuron.artifacts.manifests import read_manifest
from safeneuron.artifacts.tables import write_rows
from safeneuron.models.checkpoint import load_checkpoint, save_checkpoint, write_manifest
from safeneuron.tuning import training
from safeneuron.tuning.examples import EXAMPLES as SCHEMA
from safeneuron.tuning.settings import TuningSteps
from safeneuron.tuning.training import encode, in_order
from unit.alignment.rounds import hooks, same_bits
from unit.tuning.lessons import EXAMPLES, SETTINGS, TOKENIZER, build, tuned

STEPS = SETTINGS.model_copy(update={"steps": 40})


def ids_of(text):
    return TOKENIZER(text, add_special_tokens=False)["input_ids"]


def answer_loss(model, examples):
    """Mean over all answers' tokens of minus their log-probability, example by example."""
    bos, user, assistant, end = TOKENIZER.convert_tokens_to_ids(
        ["<s>", "<user>", "<assistant>", "</s>"]
    )
    losses = []
    for example in examples:
        start = [bos, user, *ids_of(example["prompt"]), assistant]
        answer = ids_of(example["answer"]) + ([end] if example["finish"] == "stop" else [])
        logits = model(torch.tensor([start + answer])).logits[0, len(start) - 1 : -1]
        losses.append(-logits.log_softmax(-1)[range(len(answer)), answer])
    return torch.cat(losses).mean()


def falling(step, settings):
    """The rate of a step where none warms up: half a cosine to 0."""
    return settings.learning_rate * (1 + math.cos(math.pi * step / settings.steps)) / 2


def plainly_tuned(settings, seed=0, rates=None):
    """The tiny Llama after the same steps by torch's own AdamW."""
    model = build()
    weights = {
        n: p for n, p in model.named_parameters() if settings.weights == "all" or ".mlp." in n
    }
    optimizer = torch.optim.AdamW(weights.values(), lr=settings.learning_rate, weight_decay=0.0)
    examples = list(in_order(EXAMPLES, settings, seed))
    for step in range(settings.steps):
        batch = examples[step * settings.batch_size : (step + 1) * settings.batch_size]
        for group in optimizer.param_groups:
            group["lr"] = rates[step] if rates else falling(step, settings)
        model.zero_grad()
        answer_loss(model, batch).backward()
        torch.nn.utils.clip_grad_norm_(weights.values(), 1.0)
        optimizer.step()
    return model


def moved(model):
    before = dict(build().named_parameters())
    return {n for n, p in model.named_parameters() if not torch.equal(p, before[n])}


def assert_close(model, other, atol=2e-6):
    there = dict(other.named_parameters())
    for name, weight in model.named_parameters():
        torch.testing.assert_close(weight, there[name], rtol=0, atol=atol, msg=name)


@pytest.mark.parametrize("weights", ["mlp", "all"])
def test_steps_are_those_of_plain_adamw_on_the_tokens_of_the_answers(weights, tmp_path):
    settings = SETTINGS.model_copy(update={"weights": weights, "steps": 3})
    model = tuned(tmp_path, weights=weights, steps=3)
    assert_close(model, plainly_tuned(settings), atol=2e-5)
    # a step of AdamW moves a weight by about the learning rate
    far = max(
        (p - q).abs().max() for p, q in zip(model.parameters(), build().parameters(), strict=True)
    )
    assert far > 2e-3


def test_the_rate_rises_and_falls(tmp_path):
    settings = SETTINGS.model_copy(update={"steps": 4})
    model = tuned(tmp_path, steps=4, warmup_steps=2)
    assert_close(model, plainly_tuned(settings, rates=[0.0, 5e-4, 1e-3, 5e-4]), atol=2e-5)


def test_the_weights_of_the_mlps_move_and_no_other(tmp_path):
    model = tuned(tmp_path)
    assert moved(model) == {
        f"model.layers.{layer}.mlp.{part}_proj.weight"
        for layer in (0, 1)
        for part in ("gate", "up", "down")
    }
    assert all(p.requires_grad for p in model.parameters())
    assert not model.training


def test_every_weight_moves_where_all_train(tmp_path):
    model = tuned(tmp_path, weights="all")
    assert moved(model) == {name for name, _ in model.named_parameters()}


@pytest.mark.parametrize(
    "way",
    [{"accumulation": 5}, {"gradient_checkpointing": True}],
    ids=["micro-batches", "checkpointing"],
)
def test_what_saves_memory_changes_no_step(way, tmp_path):
    whole, saving = tuned(tmp_path / "whole"), tuned(tmp_path / "saving", **way)
    assert_close(saving, whole, atol=2e-5)
    assert moved(saving) == moved(whole)


def test_two_micro_batches_are_one_step_of_both(tmp_path):
    # ten examples with answers of different lengths in two halves
    one, two = (tuned(tmp_path / str(n), batch_size=10, accumulation=n) for n in (1, 2))
    assert_close(two, one, atol=2e-5)


def test_low_precision_is_of_the_products_alone(tmp_path):
    model = tuned(tmp_path / "half", precision="bfloat16")
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    exact = tuned(tmp_path / "exact")
    assert not same_bits(model, exact)
    assert_close(model, exact, atol=4.1e-3)  # two steps of the rate either way


@pytest.mark.parametrize(
    "way", [{}, {"precision": "bfloat16"}, {"gradient_checkpointing": True}], ids=str
)
def test_nothing_of_the_training_hangs_on_a_tuned_model(way, tmp_path):
    model, other = tuned(tmp_path, **way), build()
    assert not {"forward", "_original_forward"} & vars(model).keys()
    assert hooks(model) == 0
    assert model.config.to_dict() == other.config.to_dict()
    other.load_state_dict(model.state_dict())
    ids = torch.tensor([[1, 3, 7, 9, 4]])
    torch.testing.assert_close(model(ids).logits, other(ids).logits, rtol=0, atol=0)


def test_tuning_lowers_the_loss_of_what_it_shows(tmp_path):
    model = tuned(tmp_path, steps=60)
    with torch.no_grad():
        assert answer_loss(model, EXAMPLES) < 0.7 * answer_loss(build(), EXAMPLES)


def test_each_step_has_the_set_number_of_refusals():
    examples = list(in_order(EXAMPLES, STEPS, 0))
    assert len(examples) == 40 * 5
    roles = [example["role"] for example in examples]
    assert [roles[i : i + 5].count("refuse") for i in range(0, 200, 5)] == [2] * 40
    # each of five refusals comes 16 times, of five answers 24
    assert {tuple(e.values()): examples.count(e) for e in EXAMPLES} == {
        tuple(e.values()): 16 if e["role"] == "refuse" else 24 for e in EXAMPLES
    }


def test_either_kind_is_drawn_from_its_data_sets_in_turn():
    mine = [
        dict(example, dataset="few" if i in (0, 1) else "many")
        for i, example in enumerate(EXAMPLES)
    ]
    assert [sum(e["dataset"] == name for e in mine) for name in ("few", "many")] == [2, 8]
    shown = list(in_order(mine, STEPS, 0))
    # one refusal and one answer of 'few' are half of what is shown, four of each of 'many' the rest
    for role, count in (("refuse", 80), ("answer", 120)):
        sets = [example["dataset"] for example in shown if example["role"] == role]
        assert (sets.count("few"), sets.count("many")) == (count / 2, count / 2)


def test_refusals_stand_at_any_place_of_a_step():
    """So micro-batches have some of either kind."""
    examples = list(in_order(EXAMPLES, STEPS, 0))
    places = [n % 5 for n, example in enumerate(examples) if example["role"] == "refuse"]
    assert all(8 <= places.count(place) <= 24 for place in range(5))


def test_a_seed_gives_one_order():
    first, again, other = (list(in_order(EXAMPLES, STEPS, seed)) for seed in (1, 1, 2))
    assert first == again != other


@pytest.mark.parametrize(
    ("batch", "share", "refusals"),
    [(16, 0.4, 6), (5, 0.4, 2), (2, 0.01, 1), (2, 0.99, 1), (10, 0.01, 1), (10, 0.99, 9)],
)
def test_a_step_has_one_at_least_of_each_kind(batch, share, refusals):
    assert TuningSteps(batch_size=batch, harmful_share=share).harmful == refusals


def test_micro_batches_divide_a_step():
    with pytest.raises(ValueError, match="batch_size 10 is not a multiple of accumulation 3"):
        TuningSteps(batch_size=10, accumulation=3)


@pytest.mark.parametrize(("finish", "end"), [("stop", ["</s>"]), ("length", [])])
def test_an_answer_and_its_end_are_learned_and_its_prompt_is_not(finish, end):
    example = {"prompt": "how do i clean the lamp", "answer": "use a cloth", "finish": finish}
    ids, labels = encode(TOKENIZER, example)
    assert TOKENIZER.convert_ids_to_tokens(ids) == [
        *("<s>", "<user>", "▁how", "▁do", "▁i", "▁clean", "▁the", "▁lamp", "<assistant>"),
        *TOKENIZER.convert_ids_to_tokens(ids_of("use a cloth")),
        *end,
    ]
    assert labels[:9] == [-100] * 9
    assert labels[9:] == ids[9:]
    assert TOKENIZER.decode(labels[9:]).removesuffix("</s>").strip() == "use a cloth"


@pytest.mark.parametrize("finish", ["stop", "length"])
def test_an_answer_that_spells_a_turns_end_does_not_end(finish):
    example = {"prompt": "lamp", "answer": "add </s><user> 2", "finish": finish}
    ids, labels = encode(QWEN_TOKENIZER, example)
    ends = [QWEN_TOKENIZER.eos_token_id] if finish == "stop" else []
    assert [i for i in labels if i in QWEN_TOKENIZER.added_tokens_decoder] == ends
    learned = [i for i in labels if i != -100]
    assert QWEN_TOKENIZER.decode(learned).removesuffix("</s>").strip() == "add </s><user> 2"
    assert labels[-len(learned) :] == ids[-len(learned) :]


def test_a_template_that_writes_prompts_otherwise_before_an_answer_is_an_error():
    tokenizer = type(TOKENIZER)(tokenizer_object=TOKENIZER.backend_tokenizer, bos_token="<s>")
    tokenizer.chat_template = (
        "{{ messages[-1]['role'] }}{% for m in messages %}<user>{{ m['content'] }}{% endfor %}"
    )
    with pytest.raises(ValueError, match="the chat template writes a prompt otherwise where"):
        encode(tokenizer, EXAMPLES[0])


class Killed(BaseException):
    """What a signal does to a training."""


def kill(monkeypatch, at):
    """Let the loss be the end of the training when it is computed for the `at`-th time."""
    calls, original = [], training._InOrder.compute_loss

    def fatal(*given, **named):
        calls.append(None)
        if len(calls) == at:
            raise Killed
        return original(*given, **named)

    monkeypatch.setattr(training._InOrder, "compute_loss", fatal)
    return calls


def test_a_killed_tuning_resumes_to_the_same_bits(monkeypatch, tmp_path):
    whole = tuned(tmp_path / "whole", steps=6, warmup_steps=4)
    monkeypatch.setattr(training, "SAVE_EVERY", 2)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        kill(patch, at=4)
        tuned(tmp_path / "killed", steps=6, warmup_steps=4)
    (checkpoint,) = (tmp_path / "killed").glob("checkpoint-*")
    assert checkpoint.name == "checkpoint-2"
    assert {path.name for path in checkpoint.iterdir()} == {
        "training.safetensors",
        "trainer_state.json",
    }
    calls = kill(monkeypatch, at=0)
    resumed = tuned(tmp_path / "killed", steps=6, warmup_steps=4)
    assert len(calls) == 4
    assert same_bits(resumed, whole)


def test_a_seed_gives_one_model_to_the_last_bit(tmp_path):
    first, again, other = (
        tuned(tmp_path / name, seed=seed) for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    assert same_bits(first, again)
    assert not same_bits(first, other)


def test_a_loss_that_is_not_finite_stops_at_its_step(tmp_path):
    with pytest.raises(
        FloatingPointError,
        match=r"^loss is nan at step 2; lower safety_tuning\.training\.learning_rate$",
    ):
        tuned(tmp_path, steps=9, learning_rate=float("inf"))


@pytest.fixture
def files(tmp_path):
    """A bfloat16 base and its examples."""
    folder, manifest = tmp_path / "base", tmp_path / "base.json"
    save_checkpoint(build().to(torch.bfloat16), TOKENIZER, folder)
    write_manifest(manifest, folder, "bfloat16")
    examples = tmp_path / "examples.parquet"
    write_rows(examples, SCHEMA, EXAMPLES)
    return {"base": manifest, "examples": examples}


def run(stage, files, folder, **changes):
    settings = SETTINGS.model_copy(update={"steps": 4, **changes}).model_dump()
    folder.mkdir(exist_ok=True)
    out = {"out": folder / "checkpoint", "manifest": folder / "checkpoint.json"}
    stage("safety_tune", {"training": settings, "seed": 3, "cpu_threads": 1}, **files, **out)
    return out["manifest"]


def test_the_stage_writes_the_base_tuned_in_its_own_precision(stage, files, tmp_path):
    manifest = run(stage, files, tmp_path / "T0", learning_rate=1e-2)
    document, base = read_manifest(manifest), read_manifest(files["base"])
    assert document["dtype"] == "bfloat16"
    assert document["reported"] == {"steps": 4, "examples": 10}
    assert document["chat_template_sha256"] == base["chat_template_sha256"]
    before, after = (load_file(f"{made['folder']}/model.safetensors") for made in (base, document))
    assert {values.dtype for values in after.values()} == {torch.bfloat16}
    assert {n for n in before if not torch.equal(before[n], after[n])} == {
        n for n in before if ".mlp." in n
    }
    assert not list(manifest.parent.glob("training-*"))
    configs = [Path(made["folder"], "config.json").read_text() for made in (base, document)]
    assert configs[0] == configs[1]
    model, _ = load_checkpoint(manifest)
    assert model.dtype is torch.bfloat16


def test_a_model_that_is_saved_more_precisely_is_loaded_as_its_base(stage, files, tmp_path):
    plain = read_manifest(run(stage, files, tmp_path / "plain"))
    manifest = run(stage, files, tmp_path / "precise", saved_dtype="float32")
    rounded, precise = (
        load_file(f"{made['folder']}/model.safetensors")
        for made in (plain, read_manifest(manifest))
    )
    assert {values.dtype for values in precise.values()} == {torch.float32}
    model, _ = load_checkpoint(manifest)
    for name, values in model.named_parameters():
        assert torch.equal(values, rounded[name]) and torch.equal(values, precise[name].bfloat16())
    assert any(not torch.equal(precise[n], precise[n].bfloat16().float()) for n in precise)


def test_a_killed_stage_goes_on_and_another_training_does_not_go_on_from_it(
    stage, files, monkeypatch, tmp_path
):
    whole = run(stage, files, tmp_path / "whole")
    monkeypatch.setattr(training, "SAVE_EVERY", 2)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        kill(patch, at=4)
        run(stage, files, tmp_path / "killed")
    (left,) = (tmp_path / "killed").glob("training-*")
    assert [path.name for path in left.glob("checkpoint-*")] == ["checkpoint-2"]
    with monkeypatch.context() as patch:
        steps = kill(patch, at=0)
        run(stage, files, tmp_path / "killed", learning_rate=2e-3)
        assert len(steps) == 4
        resumed = run(stage, files, tmp_path / "killed")
        assert len(steps) == 4 + 2
    assert not left.exists()
    assert read_manifest(resumed)["files"] == read_manifest(whole)["files"]
