"""Learned positions are those of a prompt's tokens, however it is padded and cached."""

import torch

import families
from safeneuron.models.positions import positions

IDS = torch.tensor([[3, 4, 5, 6, 7]])
PADDED = torch.tensor([[0, 0, 3, 4, 5, 6, 7]])
MASK = torch.tensor([[0, 0, 1, 1, 1, 1, 1]])


def test_positions_count_from_the_first_token_and_end_with_the_last():
    assert positions(MASK, 7).tolist() == [[0, 0, 0, 1, 2, 3, 4]]
    assert positions(MASK, 2).tolist() == [[3, 4]]


@torch.no_grad()
def test_padding_and_a_cache_change_nothing_that_a_prompt_says():
    model = families.build("gpt2")
    alone = model(IDS, attention_mask=torch.ones_like(IDS)).logits[0]
    padded = model(PADDED, attention_mask=MASK).logits[0, 2:]
    torch.testing.assert_close(padded, alone)
    begun = model(PADDED[:, :5], attention_mask=MASK[:, :5], use_cache=True)
    rest = model(PADDED[:, 5:], attention_mask=MASK, past_key_values=begun.past_key_values)
    torch.testing.assert_close(rest.logits[0], alone[3:])
