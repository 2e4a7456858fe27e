import pytest

import tiny
from safeneuron.models.batches import batches, pad

SEQUENCES = tiny.token_prompts(11)


def unpadded(batch):
    return [
        row[mask == 1].tolist()
        for row, mask in zip(batch.input_ids, batch.attention_mask, strict=True)
    ]


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("batch_size", [1, 3, 11, 50])
def test_every_sequence_is_in_exactly_one_batch_under_its_own_index(batch_size, side):
    seen = {}
    for batch in batches(SEQUENCES, batch_size, tiny.PAD, side):
        assert len(batch.index) <= batch_size
        for index, row in zip(batch.index, unpadded(batch), strict=True):
            assert index not in seen
            seen[index] = row
    assert [seen[i] for i in range(len(SEQUENCES))] == SEQUENCES


def test_the_longest_sequences_come_first_so_that_little_is_padded():
    lengths = [len(row) for b in batches(SEQUENCES, 3, tiny.PAD) for row in unpadded(b)]
    assert lengths == sorted(map(len, SEQUENCES), reverse=True)


@pytest.mark.parametrize(
    ("side", "ids", "mask"),
    [
        ("left", [[5, 6, 7], [9, 9, 8]], [[1, 1, 1], [0, 0, 1]]),
        ("right", [[5, 6, 7], [8, 9, 9]], [[1, 1, 1], [1, 0, 0]]),
    ],
)
def test_padding_fills_the_given_side_and_is_masked(side, ids, mask):
    batch = pad([[5, 6, 7], [8]], [0, 1], 9, side)
    assert batch.input_ids.tolist() == ids
    assert batch.attention_mask.tolist() == mask


def test_no_sequences_give_no_batches():
    assert list(batches([], 4, tiny.PAD)) == []
