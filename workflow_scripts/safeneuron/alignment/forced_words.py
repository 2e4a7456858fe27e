"""Answers behind words that an attacker forces (Qi et al. 2024, arXiv 2406.05946, §3).

A safety pair's chosen answer is put behind the first tokens of its rejected one: what is to be
learnt is to refuse after an answer that has begun to help.
"""

from collections.abc import Mapping

import torch
from torch.nn.functional import pad
from torch.nn.utils.rnn import pad_sequence

from safeneuron.alignment import image_pairs


def behind_forced_words(
    inputs: Mapping[str, torch.Tensor], safety: torch.Tensor, tokens: int, pad_id: int
) -> dict[str, torch.Tensor]:
    """A batch of chosen answers, those of safety pairs behind the first tokens of rejected ones.

    The forced tokens are no part of the completion. A rejected answer gives no more of them than it
    has before the end that it shares with the chosen one, which is that of the turn.

    Args:
        inputs: TRL's batch, int64 [2 * pairs, tokens]: all chosen answers, then all rejected ones,
            padded on the right.
        safety: boolean [pairs].
        tokens: number of forced tokens.
        pad_id: the token that pads.

    Returns:
        The same names, [pairs, tokens].
    """
    half = len(safety)
    chosen = image_pairs.rows_of(inputs, torch.arange(2 * half, device=safety.device) < half)
    answers = [
        ids[answer.bool()]
        for ids, answer in zip(inputs["input_ids"], inputs["completion_mask"], strict=True)
    ]
    rows, masks = [], []
    for row in range(half):
        mask = chosen["completion_mask"][row]
        prompt = chosen["input_ids"][row, : int(mask.argmax())]
        answer, rejected = answers[row], answers[half + row]
        forced = rejected[: min(tokens, _before_shared_end(answer, rejected))]
        forced = forced if safety[row] else forced[:0]
        rows.append(torch.cat([prompt, forced, answer]))
        masks.append(torch.ones_like(rows[-1]))
        masks[-1][: len(prompt) + len(forced)] = 0
    ids = pad_sequence(rows, batch_first=True, padding_value=pad_id)
    attention = pad_sequence([torch.ones_like(row) for row in rows], batch_first=True)
    longer = ids.shape[1] - chosen["input_ids"].shape[1]
    # what else is of each token says where images are, and none is in an answer
    of_tokens = {
        name: pad(value, (0, longer))
        for name, value in chosen.items()
        if name == "mm_token_type_ids"
    }
    return {
        **chosen,
        **of_tokens,
        "input_ids": ids,
        "attention_mask": attention,
        "completion_mask": pad_sequence(masks, batch_first=True),
    }


def _before_shared_end(one: torch.Tensor, other: torch.Tensor) -> int:
    """How many tokens the other has before the end that both have in common."""
    shared = 0
    while shared < min(len(one), len(other)) and one[-1 - shared] == other[-1 - shared]:
        shared += 1
    return len(other) - shared
