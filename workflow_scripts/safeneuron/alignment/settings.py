"""How a round trains."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from safeneuron.alignment.lora import LoRA


@dataclass(frozen=True)
class DPOSettings:
    """How a round trains.

    Attributes:
        steps: optimizer steps.
        batch_pairs: pairs a step, of all processes together.
        accumulation: micro-batches a step, which processes share out. The loss is the mean of
            theirs; a micro-batch's likelihood and KL terms are means over its own tokens, so with
            these terms more micro-batches weigh short answers a little more.
        learning_rate, weight_decay, warmup_steps: AdamW; linear warm-up, then cosine to 0.
        beta: of DPO.
        sft_weight, kl_weight: of the two further terms.
        zeroing_probability: share of the steps in which the arm's neurons are zeroed.
        train_embeddings: whether token embeddings, and a head that is tied to them, train.
        precision: of matrix products, `float32` or `bfloat16`; weights are float32.
        gradient_checkpointing: recompute activations in the backward pass.
        save_every: steps between checkpoints that a killed training resumes from.
        lora: train low-rank matrices in place of the weights; None for the weights themselves.
    """

    steps: int
    batch_pairs: int
    accumulation: int
    learning_rate: float
    weight_decay: float
    warmup_steps: int
    beta: float
    sft_weight: float
    kl_weight: float
    zeroing_probability: float
    train_embeddings: bool
    precision: str
    gradient_checkpointing: bool
    save_every: int
    lora: LoRA | None = None


def dpo_settings(settings: Mapping[str, Any], pairs: int) -> DPOSettings:
    """Settings from a mapping that counts the length of the training in `steps` or in `epochs`.

    Args:
        pairs: that the training draws from.
    """
    chosen = dict(settings)
    epochs, lora = chosen.pop("epochs"), chosen.pop("lora")
    chosen["lora"] = lora and LoRA(**lora)
    if chosen["steps"] is None:
        chosen["steps"] = math.ceil(epochs * pairs / chosen["batch_pairs"])
    return DPOSettings(**chosen)
