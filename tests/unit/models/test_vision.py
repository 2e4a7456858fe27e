"""Images reach a vision model: their tokens, their pixels, and answers that depend on them."""

import json

import pytest
import torch

import families
from pictures import picture
from safeneuron.data.images import open_image
from safeneuron.models.chat import ChatTemplateError, encode_prompt
from safeneuron.models.checkpoint import load_checkpoint, save_checkpoint, write_manifest
from safeneuron.models.folder import IncompleteCheckpointError, NoVisionError
from safeneuron.models.generation import Images, Response, generate_after
from safeneuron.models.vision import UnsupportedVisionError, Vision, load_vision

FAMILIES = [name for name, family in families.FAMILIES.items() if family.sees]
TOKENIZER = families.QWEN_TOKENIZER
IMAGE = TOKENIZER.convert_tokens_to_ids("<|image_pad|>")
RED, BLUE = picture("red", 56, 84), picture("blue", 112, 56, "JPEG")
ASKED = ["what is it", "say : red blue", "tell me", "what is 2 plus 9"]
IMAGES = {1: RED, 2: BLUE}
LIMIT = 6
# a random model hardly ever ends by itself: let every fifth token end a response
ENDS = list(range(2, 601, 5))


@pytest.fixture(params=FAMILIES)
def model(request):
    return families.build(request.param)


@pytest.fixture
def vision(model):
    return Vision(families.QWEN_PROCESSOR, model.config)


def encoded(vision):
    return [
        vision.encode_prompt(TOKENIZER, text, IMAGES[i])
        if i in IMAGES
        else encode_prompt(TOKENIZER, text)
        for i, text in enumerate(ASKED)
    ]


@pytest.mark.parametrize(("image", "count"), [(RED, 2 * 3), (BLUE, 4 * 2)])
def test_an_image_is_one_token_a_28_pixel_square_before_the_text(vision, image, count):
    ids = vision.encode_prompt(TOKENIZER, "what is it", image)
    start, end = TOKENIZER.convert_tokens_to_ids(["<|vision_start|>", "<|vision_end|>"])
    text = encode_prompt(TOKENIZER, "what is it")
    assert ids == [*text[:2], start, *[IMAGE] * count, end, *text[2:]]
    shown = vision.inputs([image], torch.tensor([ids]))
    assert int(shown["image_grid_thw"].prod()) == len(shown["pixel_values"]) == 4 * count
    assert shown["mm_token_type_ids"].sum() == count


def test_pixels_are_the_images_own(vision):
    """The first value of a patch is red's, normalised as CLIP's."""
    shown = vision.inputs([RED], torch.tensor([[IMAGE]]))["pixel_values"]
    assert shown[:, 0].tolist() == pytest.approx([(1 - 0.48145466) / 0.26862954] * 24)
    assert vision.inputs([], torch.tensor([[3]])) == {}


@torch.inference_mode()
def decode_alone(model, vision, ids, images):
    """Token by token, without cache, padding or a batch."""
    new = []
    while len(new) < LIMIT and not (new and new[-1] in ENDS):
        input_ids = torch.tensor([ids + new])
        shown = vision.inputs(images, input_ids)
        logits = model(input_ids=input_ids, use_cache=False, **shown).logits[0, -1]
        new.append(int(logits.argmax()))
    stopped = new[-1] in ENDS
    text = TOKENIZER.decode(new[:-1] if stopped else new, skip_special_tokens=True)
    return Response(text, len(new), "stop" if stopped else "length")


@pytest.mark.parametrize("batch_size", [1, 3, 4])
def test_answers_in_batches_of_both_kinds_are_those_given_alone(model, vision, batch_size):
    model.generation_config.eos_token_id = ENDS
    sequences = encoded(vision)
    alone = [
        decode_alone(model, vision, ids, [IMAGES[i]] if i in IMAGES else [])
        for i, ids in enumerate(sequences)
    ]
    assert len({response.tokens for response in alone}) > 1
    together = generate_after(
        model, TOKENIZER, sequences, LIMIT, batch_size, images=Images(vision, IMAGES)
    )
    assert together == alone


@torch.inference_mode()
def test_another_image_gives_other_logits(model, vision):
    ids = torch.tensor([vision.encode_prompt(TOKENIZER, "what is it", RED)])
    same_size = picture("green", 56, 84)
    red, again, green = (
        model(input_ids=ids, **vision.inputs([image], ids)).logits[0, -1]
        for image in (RED, RED, same_size)
    )
    assert torch.equal(red, again)
    assert (red - green).abs().max() > 1e-3


def test_an_image_token_that_a_prompt_spells_is_text(vision):
    ids = vision.encode_prompt(TOKENIZER, "what is <|image_pad|>", RED)
    assert ids.count(IMAGE) == vision.encode_prompt(TOKENIZER, "what is it", RED).count(IMAGE)
    assert "what is <|image_pad|>" in TOKENIZER.decode(ids)


def test_a_template_without_images_is_an_error(vision, tokenizer):
    with pytest.raises(ChatTemplateError, match="as 0 image tokens"):
        vision.encode_prompt(tokenizer, "what is it", RED)


@pytest.fixture
def manifest(tmp_path):
    return manifest_of(families.save("qwen2_5_vl", tmp_path / "model"))


def manifest_of(folder):
    manifest = folder.with_suffix(".json")
    write_manifest(manifest, folder, "float32")
    return manifest


def test_a_saved_model_sees_as_the_one_that_it_was_made_from(manifest, tmp_path):
    model, tokenizer = load_checkpoint(manifest)
    save_checkpoint(model, tokenizer, tmp_path / "aligned", tmp_path / "model")
    aligned = manifest_of(tmp_path / "aligned")
    ids = torch.tensor([[IMAGE]])
    before, after = (load_vision(m, model.config).inputs([BLUE], ids) for m in (manifest, aligned))
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert "preprocessor_config.json" in json.loads(aligned.read_text())["files"]


def test_a_model_that_does_not_see_is_named(manifest, tmp_path):
    model, tokenizer = load_checkpoint(manifest)
    save_checkpoint(model, tokenizer, tmp_path / "blind")
    with pytest.raises(IncompleteCheckpointError, match=r"blind has no image processor .*copy it"):
        load_vision(manifest_of(tmp_path / "blind"), model.config)
    text = manifest_of(families.save("llama", tmp_path / "text"))
    with pytest.raises(NoVisionError, match=r"text has no vision tower"):
        load_vision(text, model.config)


def test_a_model_that_sees_in_another_way_is_named(manifest, tmp_path):
    other = families.save("llava", tmp_path / "llava")
    processor = {"image_processor_type": "CLIPImageProcessor"}
    (other / "preprocessor_config.json").write_text(json.dumps(processor))
    with pytest.raises(UnsupportedVisionError, match="CLIPImageProcessorPil gives pixel_values"):
        load_vision(manifest_of(other), families.build("llava").config)


def test_images_are_opened_in_rgb():
    assert open_image(BLUE).mode == "RGB"
