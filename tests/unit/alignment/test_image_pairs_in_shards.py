"""Pairs with and without images in two processes that hold a shard each: none waits for the other.

A process whose batch has no image does not run the vision tower. That is safe as long as the tower
is no unit of its own that processes gather together, as in Qwen2.5-VL.
"""

import socket

import torch
from safetensors.torch import load_file

import families
from unit.alignment.image_shards import process, train


def test_shards_train_as_one_process_does(tmp_path):
    families.save("qwen2_5_vl", tmp_path / "model")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    torch.multiprocessing.spawn(process, (port, tmp_path), nprocs=2)
    seen = [(tmp_path / f"seen-{rank}").read_text().split() for rank in (0, 1)]
    pairs = list(zip(*seen, strict=True))
    assert any(("0" in both) and ("2" in both) for both in pairs), "batches of both kinds at once"

    alone = train(tmp_path / "model", tmp_path / "alone")
    together = load_file(tmp_path / "two.safetensors")
    before = dict(families.build("qwen2_5_vl").named_parameters())
    moved = 0
    for name, weight in alone.named_parameters():
        assert torch.allclose(together[name], weight, atol=2e-5), name
        moved += not torch.equal(weight, before[name])
        if "visual" in name:
            assert torch.equal(together[name], before[name]), name
    assert moved > 5
