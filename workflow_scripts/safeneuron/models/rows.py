"""Interventions on some prompts of a batch alone."""

import torch


def of_rows(rows: torch.Tensor | None, before: torch.Tensor, after: torch.Tensor) -> torch.Tensor:
    """What a forward pass goes on with where only some prompts of a batch are intervened on.

    A batch of another number of prompts is left as it was: the rows are those of one batch, and
    activations that are recomputed in its backward pass tell it by its size.

    Args:
        rows: boolean [prompts] of one batch; None for all prompts of all batches.
        before, after: [prompts, tokens, width], without and with the intervention.
    """
    if rows is None:
        return after
    if len(rows) != len(before):
        return before
    return torch.where(rows.to(before.device)[:, None, None], after, before)
