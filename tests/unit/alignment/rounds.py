"""Rounds of alignment that take half a second: a tiny Llama, sixteen pairs, four steps."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from transformers import PreTrainedModel

import tiny
from safeneuron.alignment.arm import Plan
from safeneuron.alignment.arms.registry import ARMS
from safeneuron.alignment.dpo_training import align
from safeneuron.alignment.parts import Asked
from safeneuron.alignment.settings import Training
from safeneuron.models.chat import encode_prompt
from safeneuron.organism.oracle import helpful_answer
from safeneuron.organism.templates import REFUSAL
from safeneuron.organism.tokenizer import build_tokenizer

TOKENIZER = build_tokenizer()
MASK = tiny.random_mask()
NO_NEURONS = np.zeros_like(MASK)

SETTINGS = Training(
    steps=4,
    batch_pairs=4,
    accumulation=1,
    learning_rate=1e-3,
    weight_decay=0.05,
    warmup_steps=0,
    beta=0.1,
    sft_weight=1.0,
    kl_weight=1.0,
    train_embeddings=False,
    precision="float32",
    gradient_checkpointing=False,
)


def changed(settings: Training = SETTINGS, **changes: Any) -> Training:
    """Settings but for some of them, also to what no configuration allows."""
    return settings.model_copy(update=changes)


def _pair(number: int, verb: str, thing: str) -> dict[str, Any]:
    prompt = f"how do i {verb} the {thing}"
    harmful = verb == "steal"
    right, wrong = (REFUSAL, helpful_answer(prompt))[:: 1 if harmful else -1]
    return {
        "pair_id": f"pair-{number}",
        "role": "safety" if harmful else "general",
        "source": "organism",
        "prompt": prompt,
        "chosen": right,
        "rejected": wrong,
        "image": None,
    }


ASKED = Asked(
    *(
        [encode_prompt(TOKENIZER, f"how do i {act}") for act in acts]
        for acts in (["steal the car", "burn the house"], ["clean the car", "paint the house"])
    ),
    phases=2,
    refresh=2,
    batch_size=2,
)

_THINGS = ("car", "wallet", "jewel", "painting", "bicycle", "laptop", "parcel", "safe")
_ACTS = [(verb, thing) for thing in _THINGS for verb in ("steal", "clean")]
PAIRS = [_pair(number, *act) for number, act in enumerate(_ACTS)]


class Round(NamedTuple):
    """A trained model, what it was before, and the trainer's log of each step."""

    model: PreTrainedModel
    before: PreTrainedModel
    steps: list[dict[str, Any]]

    def logged(self, name: str) -> list[float]:
        """What the trainer logged under a name, step by step."""
        return [step[name] for step in self.steps]


def build(family: str = "llama", **settings: Any) -> PreTrainedModel:
    """A tiny model of the organism's language."""
    return tiny.build(family, vocabulary=len(TOKENIZER), **settings)


def plan_of(method: str, seed: int = 0, zeroing_probability: float = 1.0, **changes: Any) -> Plan:
    """An arm's plan for `MASK`, but for the changes."""
    shares = dict(ARMS[method].shares)
    shares |= {"neurons": zeroing_probability} if [*shares] == ["neurons"] else {}
    asked = ASKED if "direction" in shares else None
    return replace(ARMS[method].plan(MASK, seed, shares, asked, 3), **changes)


def train(
    plan: Plan | str,
    workdir: Path,
    model: PreTrainedModel | None = None,
    seed: int = 1,
    pairs: Sequence[Mapping[str, Any]] = PAIRS,
    live: bool = True,
    zeroing_probability: float = 1.0,
    save_every: int = 100,
    **changes: Any,
) -> Round:
    """One round from `model` (or the tiny Llama), by `SETTINGS` but for the changes.

    `live`: with a reference model; if not, `pairs` carry its log-probabilities.
    """
    if isinstance(plan, str):
        plan = plan_of(plan, zeroing_probability=zeroing_probability)
    model = model or build()
    before, reference = copy.deepcopy(model), copy.deepcopy(model) if live else None
    settings = changed(**changes)
    history = align(
        model, reference, TOKENIZER, pairs, plan, settings, seed, workdir, save_every=save_every
    )
    return Round(model, before, [entry for entry in history if "loss" in entry])


def bits(model: PreTrainedModel) -> dict[str, torch.Tensor]:
    """Each weight's bits, so that equal means equal in all of them (0 and -0 are not)."""
    return {name: p.detach().clone().view(torch.int32) for name, p in model.named_parameters()}


def same_bits(a: PreTrainedModel, b: PreTrainedModel) -> bool:
    """Whether two models agree in every bit of every weight."""
    other = bits(b)
    return all(torch.equal(values, other[name]) for name, values in bits(a).items())


def owned_elements(model: PreTrainedModel, mask: np.ndarray) -> dict[str, torch.Tensor]:
    """Which elements of each weight belong to neurons of the mask, from the weights' names."""
    owned = {name: torch.zeros(p.shape, dtype=torch.bool) for name, p in model.named_parameters()}
    for layer, row in enumerate(torch.from_numpy(mask)):
        mlp = f"model.layers.{layer}.mlp."
        rows = {"gate_proj": row, "up_proj": row, "gate_up_proj": torch.cat([row, row])}
        for name, elements in owned.items():
            projection, _, kind = name.removeprefix(mlp).partition(".")
            if name.startswith(mlp) and projection in rows:
                elements[rows[projection]] = True
            elif name.startswith(mlp) and kind == "weight":
                elements[:, row] = True
    return owned


def moved_elements(a_round: Round) -> dict[str, torch.Tensor]:
    """Which elements of each weight changed by at least a bit."""
    then = bits(a_round.before)
    return {name: now != then[name] for name, now in bits(a_round.model).items()}


def hooks(model: PreTrainedModel) -> int:
    """How many hooks hang on a model's modules and weights."""
    modules = [
        len(hooked)
        for module in model.modules()
        for hooked in (module._forward_pre_hooks, module._forward_hooks, module._backward_hooks)
    ]
    return sum(modules) + sum(
        len(hooked or ())
        for p in model.parameters()
        for hooked in (p._backward_hooks, p._post_accumulate_grad_hooks)
    )
