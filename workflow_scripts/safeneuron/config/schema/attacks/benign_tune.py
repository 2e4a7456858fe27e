"""Attacks that train the model on benign data alone."""

from typing import Literal

from pydantic import Field

from safeneuron.config.schema.attacks.fine_tuning import FineTuning


class BenignTuneAttack(FineTuning):
    """An attack: a few steps of fine-tuning on benign data alone, the chosen answers of the general
    pairs that the model is or would be aligned on."""

    kind: Literal["benign_tune"] = Field(
        "benign_tune", description="The model is fine-tuned on benign pairs alone."
    )
    random_controls: int = Field(
        1,
        ge=1,
        le=100,
        description="Number of random directions that the weights are moved in instead, each "
        "tensor as far as the training moves it.",
    )
