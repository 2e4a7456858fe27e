"""Trains a tiny Qwen2.5-VL on mixed pairs in two processes that hold a shard each (gloo)."""

import os
from datetime import timedelta
from pathlib import Path

import torch
from safetensors.torch import save_model

import families
from pictures import picture
from safeneuron.alignment import processes
from safeneuron.alignment.dpo_training import align
from safeneuron.models.checkpoint import load_folder
from safeneuron.models.vision import Vision
from unit.alignment.rounds import PAIRS, changed, plan_of

CHANGES = {"steps": 3, "batch_pairs": 4, "accumulation": 4, "kl_weight": 0.0}
# safety and general pairs take turns: of two processes' batches of one pair, some have no image
MIXED = [
    {
        **pair,
        "image": picture("red", 56, 84) if pair["role"] == "safety" else None,
        "reference_chosen": -90.0,
        "reference_rejected": -91.0,
    }
    for pair in PAIRS
]


def train(folder: Path, workdir: Path) -> torch.nn.Module:
    """One round from a saved model, with the images that this process' batches have."""
    model, tokenizer = load_folder(folder, "float32", processes.placement("fsdp"))
    vision = Vision(families.QWEN_PROCESSOR, model.config)
    settings = changed(**CHANGES)
    align(model, None, tokenizer, MIXED, plan_of("freeze"), settings, 1, workdir, vision)
    return model


def process(rank: int, port: int, folder: Path) -> None:
    os.environ |= {
        **{"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "2"},
        **{"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)},
    }
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", timeout=timedelta(seconds=120))
    seen: list[int] = []
    shown = Vision.inputs

    def counted(self, images, input_ids):
        seen.append(len(images))
        return shown(self, images, input_ids)

    Vision.inputs = counted  # this process alone
    sharded = train(folder / "model", folder / "work")
    assert processes.is_sharded(sharded)
    (folder / f"seen-{rank}").write_text(" ".join(map(str, seen)))
    whole = families.build("qwen2_5_vl") if rank == 0 else None
    processes.gather(sharded, whole)
    if whole is not None:
        save_model(whole, str(folder / "two.safetensors"))
    processes.end_processes()
