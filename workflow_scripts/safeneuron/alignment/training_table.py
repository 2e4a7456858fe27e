"""What a trainer's log says of a training: a table of one row a step, and its weight decay."""

from collections.abc import Mapping, Sequence
from typing import Any

from safeneuron.alignment.settings import Training
from safeneuron.artifacts.tables import COUNT, REAL, STATE, schema

TRAINING = schema(
    **STATE,
    step=COUNT,
    loss=REAL,
    gradient_norm=REAL,
    learning_rate=REAL,
    margin=REAL,
    accuracy=REAL,
    chosen_logp=REAL,
    rejected_logp=REAL,
)
# our column -> the trainer's name
COLUMNS = {
    "loss": "loss",
    "gradient_norm": "grad_norm",
    "learning_rate": "learning_rate",
    "margin": "rewards/margins",
    "accuracy": "rewards/accuracies",
    "chosen_logp": "logps/chosen",
    "rejected_logp": "logps/rejected",
}


def training_rows(
    history: Sequence[Mapping[str, Any]], context: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Rows of `TRAINING` from a trainer's log history."""
    return [
        {
            **context,
            "step": entry["step"],
            **{name: float(entry[key]) for name, key in COLUMNS.items()},
        }
        for entry in history
        if "loss" in entry
    ]


def decay_shares(history: Sequence[Mapping[str, Any]], settings: Training) -> list[float]:
    """The share of a weight that weight decay took in each step.

    Decay is decoupled (AdamW): learning rate times `weight_decay`. Under LoRA it is the adapters'
    alone, whose product is zero if they did not train, so that it takes none of the weights.
    """
    if settings.lora:
        return []
    return [entry["learning_rate"] * settings.weight_decay for entry in history if "loss" in entry]
