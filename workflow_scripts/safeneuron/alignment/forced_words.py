"""Answers behind words that an attacker forces (Qi et al. 2024, arXiv 2406.05946, §3).

The first tokens of a safety pair's rejected answer, or some from its midst, become the end of its
prompt: what is preferred there is the whole refusal to what comes after them.
"""

from collections.abc import Mapping, Sequence

import torch
from torch.nn.functional import pad
from torch.nn.utils.rnn import pad_sequence

from safeneuron.alignment.parts import Forced


def behind_forced_words(
    inputs: Mapping[str, torch.Tensor], forced: Sequence[Forced], pad_id: int
) -> dict[str, torch.Tensor]:
    """A batch some of whose pairs' answers stand behind tokens of the rejected one.

    A rejected answer gives no more of them than it has before the end that it shares with the
    chosen one, which is that of the turn, and one is left at least.

    Args:
        inputs: TRL's batch, int64 [2 * pairs, tokens]: all chosen answers, then all rejected ones,
            padded on the right.
        forced: what is forced of each pair.
        pad_id: the token that pads.

    Returns:
        The same tensors but for the pairs' `input_ids`, `attention_mask` and `completion_mask`.
    """
    if not any(one.tokens for one in forced):
        return dict(inputs)
    half = len(forced)
    spoken = [
        ids[attention.bool()]
        for ids, attention in zip(inputs["input_ids"], inputs["attention_mask"], strict=True)
    ]
    starts = inputs["completion_mask"].argmax(dim=1).tolist()
    for pair, (most, place) in enumerate(forced):
        start, of_rejected = starts[pair], starts[half + pair]
        chosen, rejected = spoken[pair][start:], spoken[half + pair][of_rejected:]
        able = min(_before_shared_end(chosen, rejected), len(rejected) - 1)
        tokens = min(most, able)
        first = int(place * (able - tokens + 1))
        prompt, words = spoken[pair][:start], rejected[first : first + tokens]
        spoken[pair] = torch.cat([prompt, words, chosen])
        spoken[half + pair] = torch.cat([prompt, rejected[first:]])
        starts[pair] = starts[half + pair] = start + tokens
    answers = [torch.ones_like(ids) for ids in spoken]
    for answer, start in zip(answers, starts, strict=True):
        answer[:start] = 0
    ids = pad_sequence(spoken, batch_first=True, padding_value=pad_id)
    longer = ids.shape[1] - inputs["input_ids"].shape[1]
    # what else is of each token says where images are, and none is in an answer
    shown = {n: pad(value, (0, longer)) for n, value in inputs.items() if n == "mm_token_type_ids"}
    return {
        **inputs,
        **shown,
        "input_ids": ids,
        "attention_mask": pad_sequence([torch.ones_like(row) for row in spoken], batch_first=True),
        "completion_mask": pad_sequence(answers, batch_first=True),
    }


def _before_shared_end(one: torch.Tensor, other: torch.Tensor) -> int:
    """How many tokens the other has before the end that both have in common."""
    shared = 0
    while shared < min(len(one), len(other)) and one[-1 - shared] == other[-1 - shared]:
        shared += 1
    return len(other) - shared
