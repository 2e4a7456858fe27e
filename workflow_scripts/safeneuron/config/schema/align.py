"""Iterative alignment: the mix of pairs, the training of a round, the arms."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from safeneuron.data.pair_settings import Mix
from safeneuron.settings import Distinct, Name, PositiveShare, Section, Share

Method = Literal[
    "dpo", "freeze", "freeze_ablate", "ablate", "random_freeze", "random_ablate", "sn_tune"
]


Rounds = Annotated[int, Field(ge=1, le=20)]


class Preferences(Mix):
    """The preference pairs of a round: safety pairs mixed with general ones."""

    sources: Distinct[Name] = Field(
        ["organism"],
        min_length=1,
        description="Sources of the pairs, keys of 'preferences': the organism's alone, or files "
        "and hub sets.",
    )

    @model_validator(mode="after")
    def _count(self) -> Self:
        if self.pairs is None and (self.sources == ["organism"] or self.safety_share == 0):
            raise ValueError(
                "'pairs' is needed where 'sources' are the organism's pairs, and for a mix without "
                "any safety"
            )
        return self


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
        description="Micro-batches per optimizer step; the number divides batch_pairs, and the "
        "GPUs of ddp and fsdp take turns at them, so that their number divides it. The likelihood "
        "and KL terms are means over a micro-batch, so that more micro-batches weigh short "
        "answers a little more.",
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
        description="Train the token embeddings too, and with them a head that is tied to them; "
        "a head of its own always trains (paper: all but the frozen neurons train).",
    )
    precision: Literal["float32", "bfloat16"] = Field(
        "float32",
        description="Precision of matrix products; bfloat16 is faster on GPUs. Weights, "
        "gradients and the optimizer are float32 in both (paper: not stated).",
    )
    gradient_checkpointing: bool = Field(
        False,
        description="Recompute activations in the backward pass: less memory for a third more "
        "time; the frozen weights stay exact.",
    )
    save_every: int = Field(
        20,
        ge=1,
        description="Steps between the checkpoints that a killed training resumes from; they are "
        "deleted when the round is done.",
    )
    lora: LoRA | None = Field(
        None,
        description="Low-rank matrices that train in place of the weights of the decoder's "
        "linear layers, and are merged into them at the end, such as {rank: 16, alpha: 32}; null "
        "trains the weights themselves (paper).",
    )
    parallel: Literal["none", "ddp", "fsdp"] = Field(
        "none",
        description="How a round uses several GPUs: none (one process; a model that one GPU "
        "cannot hold is spread over several, of which one works at a time), ddp (a whole model on "
        "each) or fsdp (a part of the model on each).",
    )
    gpus: int | None = Field(
        None,
        ge=1,
        description="GPUs of a round under ddp and fsdp; null takes as few as memory allows.",
    )

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

    @model_validator(mode="after")
    def _low_rank(self) -> Self:
        if self.lora and self.train_embeddings:
            raise ValueError(
                "lora trains the decoder's linear layers alone; set train_embeddings: false"
            )
        if self.lora and self.parallel == "fsdp":
            raise ValueError("lora with parallel: fsdp is not supported; take none or ddp")
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


class Arm(Section):
    """How a model is aligned."""

    method: Method = Field(
        description="What is frozen and zeroed in training: dpo (nothing), freeze (the paper's "
        "text: gate row, up row and down column of the safety neurons stay constant), "
        "freeze_ablate (its Algorithm 1: they are also zeroed in training), ablate (zeroed, not "
        "frozen), random_freeze and random_ablate (as many random neurons per layer), sn_tune "
        "(only the safety neurons train)."
    )
    zeroing_probability: Share = Field(
        0.5,
        description="Share of the steps in which an ablating arm zeroes its neurons; 1 is the "
        "literal reading of Algorithm 1, and makes the organism refuse too much.",
    )
    data_fraction: PositiveShare = Field(
        1.0,
        description="Share of the pairs that the arm is trained on, and of the steps in "
        "proportion (Fig. 6).",
    )
    training: Override | None = Field(
        None,
        description="Settings that differ from 'align.training' in this arm, such as another "
        "number of steps; null for none.",
    )
    models: Distinct[Name] | None = Field(
        None,
        min_length=1,
        description="Models of 'run.aligned' that this arm aligns; null means all.",
    )


class Align(Section):
    """Iterative alignment (paper §3.3): re-identify, protect, train the rest, repeat."""

    rounds: Rounds = Field(
        3, description="Number of rounds of alignment, T1 to T_rounds (paper: 3)."
    )
    rounds_of: dict[Name, Rounds] = Field(
        {},
        description="Numbers of rounds of single models in place of 'rounds', by model (paper: 3 "
        "for one model, 1 for the others).",
    )
    selections: Distinct[Name] = Field(
        ["magnitude"],
        min_length=1,
        description="Selections, keys of 'identification.selections', whose neuron sets together "
        "are what an arm acts on.",
    )
    accumulate: bool = Field(
        True, description="Whether a round's set holds those of all rounds before it (paper: yes)."
    )
    preferences: Preferences = Preferences()
    preferences_of: dict[Name, Preferences] = Field(
        {},
        description="Mixes that single models are aligned on in place of 'preferences', by "
        "model, such as one with images.",
    )
    training: Training = Training()
    overrides: dict[int, Override] = Field(
        {},
        description="Settings of single rounds that differ from 'training', by round, such as "
        "{2: {learning_rate: 1.0e-5}}.",
    )
    arms: dict[Name, Arm] = Field(
        {
            name: Arm(method=name)
            for name in (
                "dpo",
                "freeze",
                "freeze_ablate",
                "ablate",
                "random_freeze",
                "random_ablate",
                "sn_tune",
            )
        },
        description="Registry of arms, by name; 'run.arms' says which are used.",
    )

    @model_validator(mode="after")
    def _sharded_without_reference(self) -> Self:
        arms = {f"arms.{name}.training": arm.training for name, arm in self.arms.items()}
        rounds = {f"overrides.{number}": override for number, override in self.overrides.items()}
        weights = {"training": self.training.kl_weight} | {
            key: override.kl_weight for key, override in (arms | rounds).items() if override
        }
        for key, weight in weights.items():
            if self.training.parallel == "fsdp" and weight:
                raise ValueError(
                    f"align.{key}.kl_weight: {weight} needs a reference model in each process, "
                    "which parallel: fsdp does not keep; allowed with fsdp: 0"
                )
        return self

    def rounds_for(self, model: str) -> int:
        """The last round of a model."""
        return self.rounds_of.get(model, self.rounds)

    def mix_of(self, model: str) -> Preferences:
        """The preference mix that a model is aligned on."""
        return self.preferences_of.get(model, self.preferences)

    def mixes(self) -> dict[str, Preferences]:
        """Key -> preference mix."""
        own = {f"align.preferences_of.{model}": mix for model, mix in self.preferences_of.items()}
        return {"align.preferences": self.preferences, **own}
