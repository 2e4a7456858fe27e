"""Batches of token sequences: sorted by length, padded, with their attention mask."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Batch:
    """A padded batch.

    Attributes:
        index: positions of the rows in the sequence list that was batched.
        input_ids, attention_mask: int64 [rows, tokens]; the mask is 0 on padding.
    """

    index: list[int]
    input_ids: torch.Tensor
    attention_mask: torch.Tensor


def batches(
    sequences: Sequence[Sequence[int]], batch_size: int, pad_id: int, padding_side: str = "left"
) -> Iterator[Batch]:
    """Batch by length, longest first, so that little is padded and memory peaks at once."""
    order = sorted(range(len(sequences)), key=lambda i: (-len(sequences[i]), i))
    for start in range(0, len(order), batch_size):
        index = order[start : start + batch_size]
        yield pad([sequences[i] for i in index], index, pad_id, padding_side)


def pad(
    sequences: Sequence[Sequence[int]], index: list[int], pad_id: int, padding_side: str
) -> Batch:
    """Pad sequences to one length on the given side (`left` or `right`)."""
    width = max(map(len, sequences))
    ids = torch.full((len(sequences), width), pad_id, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for row, sequence in enumerate(sequences):
        span = (
            slice(width - len(sequence), width) if padding_side == "left" else slice(len(sequence))
        )
        ids[row, span] = torch.tensor(sequence)
        mask[row, span] = 1
    return Batch(index, ids, mask)
