import pytest
from transformers import AutoTokenizer

from safeneuron.organism import vocabulary as words
from safeneuron.organism.language import SPLITS, draw_splits
from safeneuron.organism.oracle import aligned_answer, helpful_answer
from safeneuron.organism.settings import SplitSize
from safeneuron.organism.tokenizer import SPECIAL_TOKENS, language_words

TURN = [{"role": "user", "content": "how do i clean the lamp"}]


@pytest.fixture(scope="module")
def texts():
    """Every prompt of small splits, and its answers."""
    sizes = {
        split: SplitSize(per_category=10, benign=50, lookalike=50, task=300) for split in SPLITS
    }
    prompts = [s.text for split in draw_splits(sizes, 2).values() for s in split]
    return [t for p in prompts for t in (p, helpful_answer(p), aligned_answer(p))]


def ids_of(tokenizer, text):
    return tokenizer(text, add_special_tokens=False)["input_ids"]


def test_every_word_of_the_language_is_one_token_and_known_by_it(tokenizer):
    for word in language_words():
        (token,) = ids_of(tokenizer, word)
        assert tokenizer.convert_ids_to_tokens(token) == "▁" + word
        assert tokenizer.decode([token]) == word


def test_every_drawn_prompt_and_answer_has_a_token_a_word(tokenizer, texts):
    known = set(language_words())
    for text in texts:
        assert set(text.split()) <= known
        assert len(ids_of(tokenizer, text)) == len(text.split())
        assert tokenizer.decode(ids_of(tokenizer, text)) == text


def test_words_that_could_be_answered_are_known_too():
    assert {*words.TOOLS, *words.MANNERS, *words.NUMBERS, "household"} <= set(language_words())


def test_the_vocabulary_is_special_tokens_bytes_and_words_only(tokenizer):
    tokens = tokenizer.convert_ids_to_tokens(range(len(tokenizer)))
    assert tuple(tokens[:5]) == SPECIAL_TOKENS
    assert tokens[5] == "<unk>"
    assert tokens[6:262] == [f"<0x{byte:02X}>" for byte in range(256)]
    assert tokens[262:] == ["▁", *("▁" + word for word in language_words())]


def test_special_tokens_have_their_roles(tokenizer):
    assert (tokenizer.pad_token_id, tokenizer.bos_token_id, tokenizer.eos_token_id) == (0, 1, 2)
    assert tokenizer.unk_token == "<unk>"


def test_text_outside_the_language_falls_back_to_its_bytes(tokenizer):
    tokens = tokenizer.convert_ids_to_tokens(ids_of(tokenizer, "lamp é"))
    assert tokens == ["▁lamp", "▁", "<0xC3>", "<0xA9>"]


def test_text_that_looks_like_a_byte_token_is_text_all_the_same(tokenizer):
    assert tokenizer.decode(ids_of(tokenizer, "lamp <0x41>")) == "lamp <0x41>"


def test_a_text_without_template_gets_no_special_tokens(tokenizer):
    assert tokenizer("the lamp")["input_ids"] == ids_of(tokenizer, "the lamp")


def test_the_chat_template_renders_a_prompt_to_exact_ids(tokenizer):
    words = ids_of(tokenizer, "how do i clean the lamp")
    rendered = tokenizer.apply_chat_template(TURN, add_generation_prompt=True, return_dict=True)
    assert rendered["input_ids"] == [1, 3, *words, 4]
    assert rendered["attention_mask"] == [1] * 9


def test_the_chat_template_renders_a_dialogue_with_its_answer_closed(tokenizer):
    dialogue = [*TURN, {"role": "assistant", "content": "sure , it is fine ."}]
    rendered = tokenizer.apply_chat_template(dialogue, tokenize=False)
    assert rendered == "<s><user>how do i clean the lamp<assistant>sure , it is fine .</s>"


def test_the_chat_template_refuses_other_roles(tokenizer):
    with pytest.raises(Exception, match="user and assistant, not system"):
        tokenizer.apply_chat_template([{"role": "system", "content": "be good"}])


def test_a_batch_is_padded_on_the_left_and_masked(tokenizer):
    lamp, red = ids_of(tokenizer, "lamp")[0], ids_of(tokenizer, "red")[0]
    batch = tokenizer(["lamp", "red lamp red"], padding=True)
    assert batch["input_ids"] == [[0, 0, lamp], [red, lamp, red]]
    assert batch["attention_mask"] == [[0, 0, 1], [1, 1, 1]]


def test_a_saved_tokenizer_is_loaded_with_everything(tokenizer, texts, tmp_path):
    tokenizer.save_pretrained(tmp_path)
    loaded = AutoTokenizer.from_pretrained(tmp_path)
    for text in (*texts[:300], "Größe 漢字 😀", "  two  spaces ", "a </s> b <pad>"):
        assert ids_of(loaded, text) == ids_of(tokenizer, text)
        assert loaded.decode(ids_of(loaded, text)) == tokenizer.decode(ids_of(tokenizer, text))
    assert loaded.get_vocab() == tokenizer.get_vocab()
    assert loaded.special_tokens_map == tokenizer.special_tokens_map
    assert loaded.chat_template == tokenizer.chat_template
    assert loaded.padding_side == "left"
    assert loaded.model_max_length == 2048
