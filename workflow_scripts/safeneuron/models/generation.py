"""Greedy generation for many prompts."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import torch
from transformers import GenerationConfig, PreTrainedModel, PreTrainedTokenizerBase

from safeneuron.models.batches import batches
from safeneuron.models.chat import encode_prompts
from safeneuron.models.decoding import likeliest_tokens
from safeneuron.models.vision import Vision


class Images(NamedTuple):
    """The images of some of the sequences, and how the model is shown them.

    Attributes:
        vision: the model's.
        of: position in the sequence list -> image; such a sequence has its image tokens already.
    """

    vision: Vision
    of: Mapping[int, bytes]


class Response(NamedTuple):
    """Generated text, its number of tokens, and whether it ended by itself (`stop` or `length`)."""

    text: str
    tokens: int
    finish: str


def generate(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[str],
    max_new_tokens: int,
    batch_size: int,
    answered: Callable[[int], None] = lambda count: None,
) -> list[Response]:
    """Greedy responses to prompts, one user turn each, in the order of `prompts`.

    Args:
        answered: told after every batch how many prompts it answered.
    """
    sequences = encode_prompts(tokenizer, prompts)
    return generate_after(model, tokenizer, sequences, max_new_tokens, batch_size, answered)


@torch.inference_mode()
def generate_after(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    sequences: Sequence[Sequence[int]],
    max_new_tokens: int,
    batch_size: int,
    answered: Callable[[int], None] = lambda count: None,
    images: Images | None = None,
    opening: Sequence[int] = (),
) -> list[Response]:
    """Greedy continuations of token ids, in the order of `sequences`.

    Decoding settings that ship with a checkpoint are ignored: decoding is greedy and reproducible.

    Args:
        answered: told after every batch how many sequences it continued.
        images: of the sequences that have one; a batch may hold both kinds.
        opening: tokens that every response is made to begin with, beside `max_new_tokens` others.
    """
    ends = model.generation_config.eos_token_id or tokenizer.eos_token_id
    ends = set(ends) if isinstance(ends, list) else {ends}
    pad_id = tokenizer.eos_token_id if tokenizer.pad_token_id is None else tokenizer.pad_token_id
    settings = GenerationConfig(
        do_sample=False,
        max_new_tokens=max_new_tokens,
        eos_token_id=sorted(ends),
        pad_token_id=pad_id,
        bos_token_id=tokenizer.bos_token_id,
    )
    model.eval()
    # transformers fills a call's unset fields from the model's own settings: take those away
    shipped, model.generation_config = model.generation_config, settings
    try:
        begun = [[*sequence, *opening] for sequence in sequences]
        return _continue(
            model, tokenizer, begun, settings, batch_size, ends, answered, images, opening
        )
    finally:
        model.generation_config = shipped


def _continue(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    sequences: Sequence[Sequence[int]],
    settings: GenerationConfig,
    batch_size: int,
    ends: set[int],
    answered: Callable[[int], None],
    images: Images | None,
    opening: Sequence[int],
) -> list[Response]:
    responses: list[Response | None] = [None] * len(sequences)
    for batch in batches(sequences, batch_size, settings.pad_token_id):
        shown = {}
        if images is not None:
            of_batch = [images.of[i] for i in batch.index if i in images.of]
            shown = images.vision.inputs(of_batch, batch.input_ids)
        answers = model.generate(
            input_ids=batch.input_ids.to(model.device),
            attention_mask=batch.attention_mask.to(model.device),
            **{name: value.to(model.device) for name, value in shown.items()},
            generation_config=settings,
            custom_generate=likeliest_tokens,
        )
        for i, answer in zip(batch.index, answers, strict=True):
            stopped = answer[-1] in ends
            said = [*opening, *(answer[:-1] if stopped else answer)]
            text = tokenizer.decode(said, skip_special_tokens=True)
            tokens = len(opening) + len(answer)
            responses[i] = Response(text, tokens, "stop" if stopped else "length")
        answered(len(batch.index))
    return [r for r in responses if r is not None]
