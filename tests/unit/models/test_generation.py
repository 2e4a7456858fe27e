"""Batched generation against one prompt at a time, one token at a time, always the likeliest."""

import pytest
import torch
from transformers import GenerationConfig

import tiny
from safeneuron.models.chat import encode_prompts
from safeneuron.models.generation import Response, generate
from safeneuron.models.sites import ffn_sites

PROMPTS = [
    "how do i clean the lamp",
    "add 1 and 2",
    "please help me safely polish the old kettle",
    "repeat : red blue",
    "i want to cook",
    "say : tiger",
    "what is the opposite of cold",
]
LIMIT = 6
# a random model hardly ever ends by itself: let every fifth token end a response
ENDS = list(range(2, 601, 5))


@pytest.fixture
def model(tokenizer):
    model = tiny.build(vocabulary=len(tokenizer))
    model.generation_config.eos_token_id = ENDS
    return model


@torch.inference_mode()
def decode_alone(model, tokenizer, prompt, ends):
    bos, user, assistant = tokenizer.convert_tokens_to_ids(["<s>", "<user>", "<assistant>"])
    ids = [bos, user, *tokenizer(prompt, add_special_tokens=False)["input_ids"], assistant]
    new = []
    while len(new) < LIMIT and not (new and new[-1] in ends):
        logits = model(torch.tensor([ids + new])).logits[0, -1]
        new.append(int(logits.argmax()))
    stopped = new[-1] in ends
    text = tokenizer.decode(new[:-1] if stopped else new, skip_special_tokens=True)
    return Response(text, len(new), "stop" if stopped else "length")


@pytest.mark.parametrize("batch_size", [1, 3, 100])
def test_responses_are_the_likeliest_tokens_in_the_order_of_the_prompts(
    model, tokenizer, batch_size
):
    expected = [decode_alone(model, tokenizer, prompt, ENDS) for prompt in PROMPTS]
    assert {response.finish for response in expected} == {"stop", "length"}
    assert len({response.tokens for response in expected}) > 2
    assert generate(model, tokenizer, PROMPTS, LIMIT, batch_size) == expected


def test_the_tokenizers_end_counts_if_the_checkpoint_names_none(model, tokenizer):
    model.generation_config.eos_token_id = None
    expected = [decode_alone(model, tokenizer, p, [tokenizer.eos_token_id]) for p in PROMPTS]
    assert generate(model, tokenizer, PROMPTS, LIMIT, 3) == expected


@pytest.mark.parametrize(
    "settings",
    [
        {"do_sample": True, "temperature": 9.0, "top_k": 100, "top_p": 0.99},
        {"max_new_tokens": 1},
        {"max_length": 3},
        {"min_new_tokens": LIMIT},
        {"num_beams": 3},
        {"repetition_penalty": 5.0},
        {"no_repeat_ngram_size": 1},
        {"suppress_tokens": list(range(5, 300))},
        {"bad_words_ids": [[token] for token in range(5, 300)]},
    ],
    ids=lambda settings: next(iter(settings)),
)
def test_decoding_settings_that_ship_with_a_checkpoint_are_ignored(model, tokenizer, settings):
    expected = generate(model, tokenizer, PROMPTS, LIMIT, 3)
    model.generation_config = GenerationConfig(eos_token_id=ENDS, pad_token_id=0, **settings)
    assert generate(model, tokenizer, PROMPTS, LIMIT, 3) == expected


def test_a_model_in_training_mode_generates_without_dropout(tokenizer):
    model = tiny.build(vocabulary=len(tokenizer), attention_dropout=0.5)
    expected = generate(model, tokenizer, PROMPTS, LIMIT, 3)
    assert generate(model.train(), tokenizer, PROMPTS, LIMIT, 3) == expected


def test_a_hook_sees_no_token_of_a_response_that_has_ended(model, tokenizer):
    """A batch as wide as its longest prompt, then what each response still needs."""
    seen = []
    down = ffn_sites(model)[-1].down
    down.register_forward_hook(lambda _, inputs, output: seen.append(output.shape[:2].numel()))
    responses = generate(model, tokenizer, PROMPTS, LIMIT, len(PROMPTS))
    widest = max(map(len, encode_prompts(tokenizer, PROMPTS)))
    assert seen[0] == len(PROMPTS) * widest
    assert seen[1:] == [
        sum(response.tokens > given for response in responses)
        for given in range(1, max(response.tokens for response in responses))
    ]
    assert len(set(seen[1:])) > 1


def test_a_checkpoint_without_a_cache_in_its_settings_generates_with_one(model, tokenizer):
    expected = generate(model, tokenizer, PROMPTS, LIMIT, 3)
    model.config.use_cache = False
    assert generate(model, tokenizer, PROMPTS, LIMIT, 3) == expected


def test_no_prompts_give_no_responses(model, tokenizer):
    assert generate(model, tokenizer, [], LIMIT, 3) == []
