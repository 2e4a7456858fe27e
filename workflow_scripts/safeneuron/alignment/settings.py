"""How a round trains: settings of the stages, and the sections of the configuration they come from.

Without torch, since the configuration is validated where there is none.
"""

import math
from typing import Literal, Self

from pydantic import Field, model_validator

from safeneuron.alignment.arms.registry import ABOUT, ARMS, Method
from safeneuron.alignment.parts import Simulation
from safeneuron.data.prompts import Rows
from safeneuron.models.settings import SavedDtype
from safeneuron.neurons.settings import StateSettings
from safeneuron.settings import Distinct, Name, PositiveShare, Section, Share

SAVE_EVERY = 20
"""Steps between the checkpoints that a killed training resumes from, if nothing else is said."""


def _shares(attack: Simulation) -> str:
    """The shares of the steps in which arms simulate an attack, for the settings' readers."""
    found = {name: arm.shares[attack] for name, arm in ARMS.items() if attack in arm.shares}
    return "the arm's own (" + ", ".join(f"{n} {share:g}" for n, share in found.items()) + ")"


class LoRA(Section):
    """Low-rank matrices that train in place of the weights."""

    rank: int = Field(16, ge=1, description="Inner dimension of the matrices.")
    alpha: int = Field(
        32, ge=1, description="Scale of the matrices' product, which counts alpha / rank."
    )


class Training(Section):
    """One round of DPO (AdamW, linear warm-up, cosine to 0, a fresh optimizer and reference)."""

    steps: int | None = Field(
        40, ge=1, description="Number of optimizer steps of a round; null where 'epochs' says it."
    )
    epochs: float | None = Field(
        None, gt=0, description="Number of passes over the pairs, in place of 'steps' (paper: 3)."
    )
    batch_pairs: int = Field(
        32, ge=1, description="Pairs per optimizer step, of all GPUs together."
    )
    accumulation: int = Field(
        1,
        ge=1,
        description="Micro-batches per optimizer step; the number divides batch_pairs, and the GPUs"
        " of ddp and fsdp take turns at them, so that their number divides it. The "
        "likelihood and KL terms are means over a micro-batch, so that more "
        "micro-batches weigh short answers a little more.",
    )
    learning_rate: float = Field(
        2e-5,
        gt=0,
        le=1,
        description="Peak learning rate of AdamW; 5e-5 and more cost the organism benign accuracy.",
    )
    weight_decay: float = Field(
        0.05,
        ge=0,
        le=1,
        description="Decoupled weight decay (paper: 0.05), from which frozen weights are exempt.",
    )
    warmup_steps: int = Field(
        5, ge=0, description="Steps over which the learning rate rises linearly to its peak."
    )
    beta: float = Field(0.1, gt=0, description="Temperature beta of DPO (paper: 0.1).")
    sft_weight: float = Field(
        1.0,
        ge=0,
        description="Weight of the chosen answer's likelihood in the loss; the paper has no such "
        "term (0).",
    )
    kl_weight: float = Field(
        10.0,
        ge=0,
        description="Weight of KL(policy || reference) on general answers in the loss; the paper "
        "has no such term (0).",
    )
    train_embeddings: bool = Field(
        False,
        description="Train the token embeddings too, and with them a head that is tied to them; a "
        "head of its own always trains (paper: all but the frozen neurons train).",
    )
    precision: Literal["float32", "bfloat16"] = Field(
        "float32",
        description="Precision of matrix products; bfloat16 is faster on GPUs. Weights, gradients "
        "and the optimizer are float32 in both (paper: not stated).",
    )
    saved_dtype: SavedDtype = None
    gradient_checkpointing: bool = Field(
        False,
        description="Recompute activations in the backward pass: less memory for a third more time;"
        " the frozen weights stay exact.",
    )
    lora: LoRA | None = Field(
        None,
        description="Low-rank matrices that train in place of the weights of the decoder's linear "
        "layers, and are merged into them at the end, such as {rank: 16, alpha: 32}; "
        "null trains the weights themselves (paper).",
    )
    parallel: Literal["none", "ddp", "fsdp"] = Field(
        "none",
        description="How a round uses several GPUs: none (one process; a model that one GPU cannot "
        "hold is spread over several, of which one works at a time), ddp (a whole model"
        " on each) or fsdp (a part of the model on each).",
    )

    def optimizer_steps(self, pairs: int) -> int:
        """How many steps are taken over so many pairs."""
        if self.steps is not None:
            return self.steps
        assert self.epochs is not None
        return math.ceil(self.epochs * pairs / self.batch_pairs)

    @model_validator(mode="after")
    def _length(self) -> Self:
        if (self.steps is None) == (self.epochs is None):
            raise ValueError("give exactly one of 'steps' and 'epochs'; the other is null")
        return self

    @model_validator(mode="after")
    def _micro_batches(self) -> Self:
        if self.batch_pairs % self.accumulation:
            raise ValueError(
                f"batch_pairs {self.batch_pairs} is not a multiple of accumulation "
                f"{self.accumulation}"
            )
        return self

    @model_validator(mode="after")
    def _low_rank(self) -> Self:
        if self.lora and self.train_embeddings:
            raise ValueError(
                "lora trains the decoder's linear layers alone; set train_embeddings: false"
            )
        if self.lora and self.parallel == "fsdp":
            raise ValueError("lora with parallel: fsdp is not supported; take none or ddp")
        return self


class TrainingRun(Training):
    """One round of DPO (AdamW, linear warm-up, cosine to 0, a fresh optimizer and reference)."""

    # no number depends on these two: they make no round train again
    gpus: int | None = Field(
        None,
        ge=1,
        description="GPUs of a round under ddp and fsdp; null takes as few as memory allows.",
    )
    save_every: int = Field(
        SAVE_EVERY,
        ge=1,
        description="Steps between the checkpoints that a killed training resumes from; they are "
        "deleted when the round is done.",
    )

    def numbers(self) -> Training:
        """What the trained weights depend on."""
        return Training(**{name: getattr(self, name) for name in Training.model_fields})

    @model_validator(mode="after")
    def _processes(self) -> Self:
        if self.gpus is not None and self.parallel == "none":
            raise ValueError(
                f"gpus: {self.gpus} with parallel: none; take ddp or fsdp, or leave it null"
            )
        if self.gpus is not None and self.accumulation % self.gpus:
            raise ValueError(
                f"accumulation {self.accumulation} is not a multiple of gpus {self.gpus}: the GPUs "
                "share out a step's micro-batches"
            )
        if self.parallel == "ddp" and self.gpus is None:
            raise ValueError("parallel: ddp needs 'gpus', how many copies of the model train")
        return self


class Override(Section):
    """Settings that differ from `align.training`; null where they do not."""

    steps: int | None = Field(
        None,
        ge=1,
        description="Number of optimizer steps, where 'align.training' counts steps; null leaves "
        "it.",
    )
    epochs: float | None = Field(
        None,
        gt=0,
        description="Number of passes over the pairs, where 'align.training' counts epochs; null "
        "leaves it.",
    )
    learning_rate: float | None = Field(
        None, gt=0, le=1, description="Peak learning rate; null leaves it."
    )
    sft_weight: float | None = Field(
        None, ge=0, description="Weight of the chosen answer's likelihood; null leaves it."
    )
    kl_weight: float | None = Field(
        None, ge=0, description="Weight of the KL term; null leaves it."
    )


class ArmSettings(Section):
    """How a model is aligned."""

    method: Method = Field(description=ABOUT)
    zeroing_probability: Share | None = Field(
        None,
        description="Share of the steps in which an ablating arm zeroes its neurons; null is "
        f"{_shares('neurons')}. 1 is the literal reading of Algorithm 1, and costs the organism "
        "clean utility (docs/log.md).",
    )
    direction_probability: Share | None = Field(
        None,
        description="Share of the steps, drawn apart from those that zero, in which refusal "
        f"directions of drawn layers are removed; null is {_shares('direction')}.",
    )
    direction_phases: int = Field(
        3,
        ge=1,
        le=8,
        description="Largest number of directions that are removed at once, each found while those "
        "before it are removed; from 1 to it is drawn.",
    )
    direction_refresh: int = Field(
        4,
        ge=1,
        description="Number of steps after which the directions are found anew on the model that "
        "trains.",
    )
    direction_prompts: int = Field(
        32,
        ge=2,
        description="Largest number of identification prompts of each side that they are found "
        "with, evenly spread.",
    )
    prefill_probability: Share | None = Field(
        None,
        description="Share of the safety pairs, drawn in each step, whose answers stand behind the "
        f"first tokens, or for half of them other tokens, of the rejected one; null is "
        f"{_shares('prefill')}.",
    )
    prefill_tokens: int = Field(
        10,
        ge=1,
        description="Largest number of those tokens; each pair draws from 1 to it.",
    )
    data_fraction: PositiveShare = Field(
        1.0,
        description="Share of the pairs that the arm is trained on, and of the steps in proportion "
        "(Fig. 6).",
    )
    training: Override | None = Field(
        None,
        description="Settings that differ from 'align.training' in this arm, such as another number"
        " of steps; null for none.",
    )
    models: Distinct[Name] | None = Field(
        None,
        min_length=1,
        description="Models of 'run.aligned' that this arm aligns; null means all.",
    )

    @property
    def shares(self) -> dict[Simulation, float]:
        """Of each attack that the arm simulates (`Plan.shares`)."""
        said = {
            "neurons": self.zeroing_probability,
            "direction": self.direction_probability,
            "prefill": self.prefill_probability,
        }
        return {
            attack: share if (chosen := said[attack]) is None else chosen
            for attack, share in ARMS[self.method].shares.items()
        }

    @model_validator(mode="after")
    def _of_the_method(self) -> Self:
        for name, field in type(self).model_fields.items():
            attack = name.partition("_")[0]
            if attack not in ("direction", "prefill") or attack in ARMS[self.method].shares:
                continue
            if getattr(self, name) != field.default:
                able = ", ".join(n for n, arm in ARMS.items() if attack in arm.shares)
                raise ValueError(
                    f"{name}: {getattr(self, name)}, but method '{self.method}' simulates no "
                    f"'{attack}' attack; take it out, or take a method that does: {able}"
                )
        return self


class SimulatedDirections(Section):
    """How refusal directions are found and removed while a model trains.

    Attributes:
        probability: share of the steps.
        phases: the largest number of directions.
        refresh: number of steps after which they are found anew.
        prompts: largest number of each side.
    """

    probability: Share
    phases: int
    refresh: int
    prompts: int
    unsafe: Rows
    safe: Rows
    batch_size: int


class ForcedWords(Section):
    """On which share of the safety pairs words are forced, and the largest number of tokens."""

    probability: Share
    tokens: int


class AlignSettings(Section):
    """Settings of `align`: one arm's in one round.

    Attributes:
        state: what the round makes.
        direction, prefill: None for arms that do not simulate these attacks.
    """

    state: StateSettings
    method: Method
    zeroing_probability: Share
    direction: SimulatedDirections | None = None
    prefill: ForcedWords | None = None
    data_fraction: PositiveShare
    training: Training
    cpu_threads: int

    @property
    def shares(self) -> dict[Simulation, float]:
        """Of each attack that is simulated (`Plan.shares`)."""
        shares: dict[Simulation, float] = {"neurons": self.zeroing_probability}
        if self.direction:
            shares["direction"] = self.direction.probability
        if self.prefill:
            shares["prefill"] = self.prefill.probability
        return shares


class ReferenceSettings(Section):
    """Settings of `reference_log_probs`: how the reference runs, as beside the policy."""

    precision: Literal["float32", "bfloat16"]
    batch_pairs: int
    cpu_threads: int
