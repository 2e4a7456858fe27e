"""The table of a training: one row a logged step."""

from collections.abc import Mapping, Sequence
from typing import Any

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
