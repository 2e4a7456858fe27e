"""A quiet trainer whose checkpoints are safetensors and JSON (`resume`).

The trainer's own checkpoints are pickles, and lack the optimizer of a sharded model.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler
from transformers import PreTrainedModel

from safeneuron.alignment import resume


def logged_and_saved(save_every: int) -> dict[str, Any]:
    """A trainer's settings of what it says and saves: each step's loss, and what goes on."""
    return {
        "save_strategy": "steps",
        "save_only_model": True,  # with the rest beside it
        "save_steps": save_every,
        "save_total_limit": 1,
        "logging_steps": 1,
        "logging_nan_inf_filter": False,
    }


def machine(precision: str, gradient_checkpointing: bool = False) -> dict[str, Any]:
    """A trainer's settings of how, and not what, is computed."""
    return {
        "bf16": precision == "bfloat16",
        "gradient_checkpointing": gradient_checkpointing,
        "use_cpu": not torch.cuda.is_available(),
        "report_to": "none",
        "disable_tqdm": True,
    }


class Resumable:
    """Stands before a `Trainer` among a class's bases, set by `logged_and_saved`.

    Attributes:
        beside: tensors beside the weights that training goes on from, by name; none by default.
    """

    model: PreTrainedModel
    optimizer: Optimizer
    lr_scheduler: LRScheduler
    beside: Mapping[str, torch.Tensor] = MappingProxyType({})

    def save_model(self, output_dir: str | None = None, _internal_call: bool = False) -> None:
        """Write what training goes on from."""
        folder = Path(output_dir or ".")
        resume.save(folder, self.model, self.optimizer, self.lr_scheduler, self.beside)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        resume.load_weights(Path(resume_from_checkpoint), self.model, self.beside)

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        if checkpoint:
            folder = Path(checkpoint)
            resume.load_optimizer(folder, self.model, self.optimizer, self.lr_scheduler)

    def _load_rng_state(self, checkpoint: str | None) -> None:
        if checkpoint:
            resume.load_random(Path(checkpoint), self.model)
