"""Pairs about images: what the trainer's batches hold, and that the policy learns from pixels."""

import copy

import pytest
import torch
from trl.trainer.dpo_trainer import DataCollatorForPreference

import families
from pictures import picture
from safeneuron.alignment.dpo_training import _CollatorWithSource, align, reference_log_probs
from safeneuron.alignment.image_pairs import COLUMN, rows_of
from safeneuron.models.vision import Vision
from unit.alignment.rounds import MASK, PAIRS, changed, plan_of, same_bits

TOKENIZER = families.QWEN_TOKENIZER
IMAGE = TOKENIZER.convert_tokens_to_ids("<|image_pad|>")
RED, BLUE = picture("red", 56, 84), picture("blue", 56, 56)


def with_images(image):
    """The safety pairs about an image, the general ones of text alone."""
    return [{**p, "image": image if p["role"] == "safety" else None} for p in PAIRS]


def train(pairs, tmp_path, **changes):
    model = families.build("qwen2_5_vl")
    before, reference = copy.deepcopy(model), copy.deepcopy(model)
    vision = Vision(families.QWEN_PROCESSOR, model.config)
    settings = changed(**({"steps": 2} | changes))
    history = align(
        model, reference, TOKENIZER, pairs, plan_of("freeze"), settings, 1, tmp_path, vision
    )
    return model, before, [entry["loss"] for entry in history if "loss" in entry]


@pytest.fixture
def vision():
    return Vision(families.QWEN_PROCESSOR, families.build("qwen2_5_vl").config)


def example(number, image=None):
    ids = [1, 3, *([IMAGE] if image else []), 9, 4]
    answers = {"prompt_ids": ids, "chosen_ids": [20, 2], "rejected_ids": [21, 22, 2]}
    shown = {COLUMN: image} if image else {}
    return {"pair_id": str(number), "role": "general", **answers, **shown}


def test_a_batch_holds_its_images_for_both_halves(vision):
    batch = _CollatorWithSource(TOKENIZER.pad_token_id, vision=vision)(
        [example(0, RED), example(1), example(2, BLUE)]
    )
    counts = (batch["input_ids"] == IMAGE).sum(dim=1).tolist()
    assert counts == [6, 0, 4, 6, 0, 4]
    assert batch["image_grid_thw"].tolist() == [[1, 6, 4], [1, 4, 4]] * 2
    chosen, rejected = batch["pixel_values"].split(24 + 16)
    assert torch.equal(chosen, rejected)
    assert torch.equal(batch["mm_token_type_ids"], (batch["input_ids"] == IMAGE).long())
    first = batch["completion_mask"][0].bool()
    assert batch["input_ids"][0][first].tolist() == [20, 2]


def test_a_batch_of_text_is_trls_own(vision):
    examples = [example(0), example(1)]
    expected = DataCollatorForPreference(TOKENIZER.pad_token_id)(examples)
    for of in (vision, None):
        batch = _CollatorWithSource(TOKENIZER.pad_token_id, vision=of)(examples)
        assert batch.keys() - {"pair_ids", "general"} == expected.keys()
        assert all(torch.equal(batch[name], expected[name]) for name in expected)


def test_rows_of_a_batch_keep_their_own_pixels(vision):
    batch = _CollatorWithSource(TOKENIZER.pad_token_id, vision=vision)(
        [example(0, RED), example(1), example(2, BLUE)]
    )
    inputs = {name: batch[name] for name in batch if name not in ("pair_ids", "general")}
    last = rows_of(inputs, torch.tensor([False, True, True, False, False, False]))
    assert torch.equal(
        last["pixel_values"], vision.inputs([BLUE], last["input_ids"])["pixel_values"]
    )
    assert last["image_grid_thw"].tolist() == [[1, 4, 4]]
    text = rows_of(inputs, torch.tensor([False, True, False, False, False, False]))
    assert set(text) == {"input_ids", "attention_mask", "completion_mask"}


def test_the_policy_learns_from_a_pairs_image_and_its_vision_tower_stays(tmp_path):
    red, before, losses = train(with_images(RED), tmp_path / "red")
    blue, _, others = train(with_images(BLUE), tmp_path / "blue")
    text, _, without = train(PAIRS, tmp_path / "text")
    # the first step: DPO's log 2 in all, and the answers' likelihoods given different images
    assert len({losses[0], others[0], without[0]}) == 3
    assert not same_bits(red, blue)
    assert not same_bits(red, text)
    then = dict(before.named_parameters())
    for name, weight in red.named_parameters():
        if "visual" in name:
            assert torch.equal(weight, then[name]), name
    down = red.get_decoder().layers[0].mlp.down_proj.weight
    kept = torch.equal(
        down[:, MASK[0]], before.get_decoder().layers[0].mlp.down_proj.weight[:, MASK[0]]
    )
    assert kept
    assert not torch.equal(down, before.get_decoder().layers[0].mlp.down_proj.weight)


def test_dpo_starts_at_log_2_with_images_too(tmp_path):
    _, _, losses = train(with_images(RED), tmp_path, steps=1, sft_weight=0.0, kl_weight=0.0)
    assert losses == pytest.approx([0.6931472], abs=1e-4)


def test_a_pair_with_an_image_needs_a_model_that_sees():
    with pytest.raises(ValueError, match="pair '7' has an image, and the model sees none"):
        _CollatorWithSource(TOKENIZER.pad_token_id)([example(7, RED)])


def test_the_references_table_sees_the_images_too(tmp_path):
    """The losses are those with the reference beside the policy, and other without images."""
    settings = {"kl_weight": 0.0, "sft_weight": 0.0}
    pairs = with_images(RED)
    _, before, beside = train(pairs, tmp_path / "beside", **settings)
    tables = []
    for shown in (pairs, PAIRS):
        model = copy.deepcopy(before)
        vision = Vision(families.QWEN_PROCESSOR, model.config)
        tables.append(reference_log_probs(model, TOKENIZER, shown, "float32", 4, vision))
    seen, blind = tables
    carried = [
        {**pair, "reference_chosen": row["chosen"], "reference_rejected": row["rejected"]}
        for pair, row in zip(pairs, seen, strict=True)
    ]
    model, vision = copy.deepcopy(before), Vision(families.QWEN_PROCESSOR, before.config)
    history = align(
        *(model, None, TOKENIZER, carried, plan_of("freeze")),
        *(changed(steps=2, **settings), 1, tmp_path / "table", vision),
    )
    losses = [entry["loss"] for entry in history if "loss" in entry]
    assert losses == pytest.approx(beside, abs=1e-4)
    for pair, row, other in zip(pairs, seen, blind, strict=True):
        assert (abs(row["chosen"] - other["chosen"]) > 1e-4) == (pair["image"] is not None)
