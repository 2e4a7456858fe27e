"""Attacks that train the model to comply again."""

from typing import Literal

from pydantic import Field

from safeneuron.config.schema.attacks.fine_tuning import FineTuning


class RelearnAttack(FineTuning):
    """An attack: a few steps of fine-tuning on answers that comply, the rejected ones of the safety
    pairs that the model is or would be aligned on."""

    kind: Literal["relearn"] = Field(
        "relearn", description="The model is fine-tuned on complying answers to harmful prompts."
    )
    random_controls: int = Field(
        1,
        ge=1,
        le=100,
        description="Number of trainings on benign pairs instead (as 'benign_tune'), of as many "
        "steps, each in an order of its own.",
    )
