"""The organism's tokenizer: one token a word of the language, bytes for everything else."""

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from safeneuron.organism import templates
from safeneuron.organism import vocabulary as words
from safeneuron.organism.chat_template import CHAT_TEMPLATE

PAD, BOS, EOS, USER, ASSISTANT = SPECIAL_TOKENS = ("<pad>", "<s>", "</s>", "<user>", "<assistant>")
_SPACE = "▁"


def language_words() -> list[str]:
    """Every word of the language, sorted: the tokenizer's word tokens."""
    texts: list[str] = [
        *(t for group in templates.REQUEST_TEMPLATES.values() for t in group),
        *templates.JUDGEMENT_TEMPLATES,
        *templates.KIND_TEMPLATES,
        *templates.ADDITION_TEMPLATES,
        *templates.OPPOSITE_TEMPLATES,
        *templates.COPY_TEMPLATES,
        *templates.UNANSWERABLE,
        templates.COMPLIANCE,
        templates.REFUSAL,
        "yes , it is fine . no household",
    ]
    found = {word for text in texts for word in text.split() if "{" not in word}
    found |= {*words.VERBS, *words.OBJECTS, *words.CATEGORIES, *words.COPY_WORDS, *words.NUMBERS}
    found |= {*words.TOOLS, *words.MANNERS, *words.HARMFUL_CUES, *words.BENIGN_CUES}
    found |= {word for pair in words.OPPOSITES for word in pair}
    return sorted(found)


def build_tokenizer() -> PreTrainedTokenizerFast:
    """A Unigram tokenizer over whole words with byte fallback, so that any text runs through it.

    A word of the language is one token; other text falls back to its UTF-8 bytes, as in Llama.
    """
    byte_tokens = [f"<0x{byte:02X}>" for byte in range(256)]
    pieces = [_SPACE, *(_SPACE + word for word in language_words())]
    vocabulary = [(token, 0.0) for token in (*SPECIAL_TOKENS, "<unk>", *byte_tokens)]
    vocabulary += [(piece, -1.0) for piece in pieces]
    model = models.Unigram(vocabulary, unk_id=len(SPECIAL_TOKENS), byte_fallback=True)
    tokenizer = Tokenizer(model)
    # '<' stands alone, so that a text that spells a byte token is not read as one
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Metaspace(replacement=_SPACE, prepend_scheme="always"),
            pre_tokenizers.Split("<", "isolated"),
        ]
    )
    tokenizer.decoder = decoders.Sequence(
        [
            decoders.Replace(_SPACE, " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", left=1, right=0),
        ]
    )
    tokenizer.add_special_tokens([AddedToken(t, special=True) for t in SPECIAL_TOKENS])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=BOS,
        eos_token=EOS,
        pad_token=PAD,
        unk_token="<unk>",
        padding_side="left",
        chat_template=CHAT_TEMPLATE,
        model_max_length=2048,
        clean_up_tokenization_spaces=False,
    )
