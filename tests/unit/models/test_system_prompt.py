"""What a chat begins with: found in the template, changed for every chat, and recorded."""

import json

import pytest

import gguf_files
from families import QWEN_TOKENIZER, TOKENIZER
from safeneuron.models.chat import (
    ChatTemplateError,
    MissingChatTemplateError,
    encode_exchange,
    encode_prompt,
)
from safeneuron.models.checkpoint import (
    load_checkpoint,
    load_tokenizer,
    save_checkpoint,
    write_manifest,
)
from safeneuron.models.system_prompt import own_system_prompt, set_system_prompt
from safeneuron.organism.tokenizer import build_tokenizer

NO_DEFAULT = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] | trim }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
IN_THE_USERS_TURN = (
    "{% set system = messages[0]['content'] if messages[0]['role'] == 'system' else '' %}"
    "{% for m in messages if m['role'] != 'system' %}[INST] "
    "{{ '<<' + system + '>> ' if loop.first and system else '' }}{{ m['content'] }} [/INST]"
    "{% endfor %}"
)
ASKED = "<|im_start|>user\nlamp<|im_end|>\n<|im_start|>assistant\n"


def chats(template):
    tokenizer = build_tokenizer()
    tokenizer.chat_template = template
    return tokenizer


def shown(tokenizer):
    return tokenizer.apply_chat_template(
        [{"role": "user", "content": "lamp"}], add_generation_prompt=True, tokenize=False
    )


@pytest.mark.parametrize(
    ("template", "own"),
    [
        (gguf_files.TEMPLATE, "Be brief."),
        (NO_DEFAULT, None),
        (IN_THE_USERS_TURN, None),
        (TOKENIZER.chat_template, None),  # knows no system role
        (QWEN_TOKENIZER.chat_template, None),
        (None, None),
    ],
)
def test_the_templates_own_system_prompt_is_found(template, own):
    assert own_system_prompt(chats(template)) == own


@pytest.mark.parametrize(
    "text", ["Be rude.", "Say \"no\" \\ {{ messages }} {% if %} %} {# é 😀\nand 'yes'"]
)
@pytest.mark.parametrize("template", [gguf_files.TEMPLATE, NO_DEFAULT])
def test_a_text_is_what_chats_begin_with(template, text):
    tokenizer = chats(template)
    set_system_prompt(tokenizer, text)
    assert shown(tokenizer) == f"<|im_start|>system\n{text}<|im_end|>\n{ASKED}"
    assert own_system_prompt(tokenizer) == text
    for ids in (encode_prompt(tokenizer, "lamp"), encode_exchange(tokenizer, "lamp", "sofa")):
        assert tokenizer.decode(ids).startswith(f"<|im_start|>system\n{text}<|im_end|>\n")


def test_a_system_prompt_in_the_users_turn_is_set_too():
    tokenizer = chats(IN_THE_USERS_TURN)
    set_system_prompt(tokenizer, "Be rude.")
    assert shown(tokenizer) == "[INST] <<Be rude.>> lamp [/INST]"


def test_an_empty_text_takes_the_templates_own_away():
    tokenizer = chats(gguf_files.TEMPLATE)
    set_system_prompt(tokenizer, "")
    assert shown(tokenizer) == f"<|im_start|>system\n<|im_end|>\n{ASKED}"
    assert own_system_prompt(tokenizer) is None


@pytest.mark.parametrize("template", [NO_DEFAULT, TOKENIZER.chat_template])
def test_an_empty_text_changes_nothing_where_there_is_nothing_to_take_away(template):
    tokenizer = chats(template)
    set_system_prompt(tokenizer, "")
    assert tokenizer.chat_template == template


@pytest.mark.parametrize("template", [TOKENIZER.chat_template, "{{ messages[-1]['content'] }}"])
def test_a_template_that_shows_no_system_prompt_is_an_error(template):
    with pytest.raises(ChatTemplateError, match="shows no system prompt; set system_prompt"):
        set_system_prompt(chats(template), "Be rude.")


def test_a_tokenizer_without_a_template_is_an_error():
    with pytest.raises(MissingChatTemplateError):
        set_system_prompt(chats(None), "Be rude.")


@pytest.fixture
def folder(tmp_path):
    save_checkpoint(gguf_files.build(), chats(gguf_files.TEMPLATE), tmp_path / "model")
    return tmp_path / "model"


@pytest.mark.parametrize("chosen", [None, "", "Be rude."])
def test_a_manifest_records_it_and_the_loaded_model_has_it(chosen, folder, tmp_path):
    manifest = tmp_path / "checkpoint.json"
    write_manifest(manifest, folder, "float32", system_prompt=chosen)
    recorded = json.loads(manifest.read_text())["system_prompt"]
    assert recorded == {"template": "Be brief.", "set": chosen}
    begins = "Be brief." if chosen is None else chosen
    model, tokenizer = load_checkpoint(manifest)
    assert shown(tokenizer).startswith(f"<|im_start|>system\n{begins}<|im_end|>")
    assert shown(load_tokenizer(manifest)) == shown(tokenizer)

    # what is trained from it has it in its own template
    save_checkpoint(model, tokenizer, tmp_path / "T1")
    write_manifest(manifest, tmp_path / "T1", "float32")
    trained = json.loads(manifest.read_text())["system_prompt"]
    assert trained == {"template": begins or None, "set": None}
    assert shown(load_checkpoint(manifest).tokenizer) == shown(tokenizer)
