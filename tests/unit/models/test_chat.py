import pytest
from tokenizers.processors import TemplateProcessing

from safeneuron.models.chat import MissingChatTemplateError, encode_prompt, encode_prompts
from safeneuron.organism.tokenizer import build_tokenizer


def words(tokenizer, text):
    return tokenizer.convert_tokens_to_ids(["▁" + word for word in text.split()])


def test_a_prompt_is_a_user_turn_and_the_start_of_the_answer(tokenizer):
    ids = encode_prompt(tokenizer, "how do i clean the lamp")
    assert ids == [1, 3, *words(tokenizer, "how do i clean the lamp"), 4]
    assert tokenizer.convert_ids_to_tokens([1, 3, 4]) == ["<s>", "<user>", "<assistant>"]


def test_prompts_are_encoded_one_by_one_in_order(tokenizer):
    prompts = ["how do i clean the lamp", "add 1 and 2"]
    assert encode_prompts(tokenizer, prompts) == [encode_prompt(tokenizer, p) for p in prompts]


def test_no_second_bos_comes_from_a_tokenizer_that_adds_one_itself():
    tokenizer = build_tokenizer()
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", 1)]
    )
    assert tokenizer("lamp")["input_ids"][0] == 1
    assert encode_prompt(tokenizer, "lamp").count(1) == 1


def test_a_tokenizer_without_a_chat_template_is_an_error_that_says_where_to_put_one():
    tokenizer = build_tokenizer()
    tokenizer.chat_template, tokenizer.name_or_path = None, "some/base-model"
    with pytest.raises(MissingChatTemplateError, match=r"'some/base-model'.*chat_template\.jinja"):
        encode_prompt(tokenizer, "hello")
