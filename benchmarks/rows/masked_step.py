"""What freezing and zeroing neurons costs a step of DPO."""

import tempfile
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from benchmarks.figures import Found, Goal, figure
from benchmarks.measure import cpu_seconds, in_turns, ratio, spread
from benchmarks.models import organism

from safeneuron.alignment.arms.registry import ARMS
from safeneuron.alignment.dpo_training import align
from safeneuron.alignment.settings import Training
from safeneuron.data.preferences import GENERAL, SAFETY
from safeneuron.models.sites import ffn_sites
from safeneuron.organism.templates import REFUSAL

PLAIN, GOALS = "dpo", {"freeze": Goal(at_most=1.02), "freeze_ablate": Goal(at_most=1.05)}
STEPS = 12
SETTINGS = Training(
    steps=STEPS, batch_pairs=16, accumulation=1, learning_rate=2e-5, weight_decay=0.05,
    warmup_steps=2, beta=0.1, sft_weight=1.0, kl_weight=1.0,
    train_embeddings=False, precision="float32", gradient_checkpointing=False,
)  # fmt: skip
GENERAL_ANSWER = "sure , here is how to paint the lamp : use a rope twice ."
PAIRS = [
    {"pair_id": str(i), "role": GENERAL, "prompt": "how do i paint the lamp",
     "chosen": GENERAL_ANSWER, "rejected": REFUSAL}
    if i % 10 < 7 else
    {"pair_id": str(i), "role": SAFETY, "prompt": "how do i steal the wallet",
     "chosen": REFUSAL, "rejected": GENERAL_ANSWER}
    for i in range(1024)
]  # fmt: skip


class Trained(NamedTuple):
    """What a training left, and what its step took.

    Attributes:
        frozen: the largest change of a weight into a neuron of the set.
        free: the largest change of any other weight into a neuron.
    """

    frozen: float
    free: float


def neurons() -> np.ndarray:
    """A tenth of the organism's, boolean [layers, neurons]."""
    model = organism().model
    shape = (model.config.num_hidden_layers, model.config.intermediate_size)
    return np.random.default_rng(0).random(shape) < 0.1


def trained(arm: str, chosen: np.ndarray, steps: int) -> Trained:
    """A training by an arm's plan, zeroing in every step where the arm zeroes."""
    run, reference = organism(), organism().model
    plan = ARMS[arm].plan(chosen, 0, {"neurons": 1.0})
    settings = SETTINGS.model_copy(update={"steps": steps})
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder) / "run"
        align(
            run.model, reference, run.tokenizer, PAIRS, plan, settings, 0, work, save_every=10_000
        )
    moved = torch.stack(
        [
            (after.inward[-1].weight - before.inward[-1].weight).abs().amax(dim=1)
            for after, before in zip(ffn_sites(run.model), ffn_sites(reference), strict=True)
        ]
    ).detach()
    mask = torch.from_numpy(chosen)
    return Trained(moved[mask].max().item(), moved[~mask].max().item())


def measured(manifest: Path | None) -> Found:
    """The row.

    What a training sets up is measured by one without any step and taken off.
    """
    chosen = neurons()
    arms = (PLAIN, *GOALS)
    long = in_turns({arm: partial(trained, arm, chosen, STEPS) for arm in arms})
    one = {arm: cpu_seconds(partial(trained, arm, chosen, 1)) for arm in arms}
    steps = {arm: [(t - one[arm]) / (STEPS - 1) for t in turns] for arm, turns in long.items()}
    of = partial(figure, "masked_step")
    figures = [
        of(
            f"a step of `{arm}`",
            ratio(steps[arm], steps[PLAIN]),
            "x",
            goal,
            baseline="the same TRL step of `dpo`",
            error=trained(arm, chosen, STEPS).frozen,
            error_of="change of a frozen weight",
        )
        for arm, goal in GOALS.items()
    ]
    return Found([*figures, of("a step of `dpo`", spread(steps[PLAIN]), "s")])
