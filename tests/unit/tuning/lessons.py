"""A tuning that takes half a second: a tiny Llama and ten examples in the organism's language."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from transformers import PreTrainedModel

import tiny
from safeneuron.organism.oracle import helpful_answer
from safeneuron.organism.templates import REFUSAL
from safeneuron.organism.tokenizer import build_tokenizer
from safeneuron.tuning.settings import TuningSteps
from safeneuron.tuning.training import safety_tune

TOKENIZER = build_tokenizer()

SETTINGS = TuningSteps(
    steps=2,
    batch_size=5,
    harmful_share=0.4,
    learning_rate=1e-3,
    warmup_steps=0,
    precision="float32",
)


def _example(number: int, verb: str, thing: str) -> dict[str, Any]:
    prompt = f"how do i {verb} the {thing}"
    refused = verb == "steal"
    return {
        "example_id": f"mine/{number}",
        "dataset": "mine",
        "role": "refuse" if refused else "answer",
        "prompt": prompt,
        "answer": REFUSAL if refused else helpful_answer(prompt),
        "finish": "length" if number == 5 else "stop",
    }


_THINGS = ("car", "wallet", "jewel", "painting", "bicycle")
_ACTS = [(verb, thing) for thing in _THINGS for verb in ("steal", "clean")]
EXAMPLES = [_example(number, *act) for number, act in enumerate(_ACTS)]


def build() -> PreTrainedModel:
    """The tiny Llama; without attention's dropout, as it comes."""
    return tiny.build(vocabulary=len(TOKENIZER))


def tuned(
    workdir: Path,
    examples: Sequence[Mapping[str, Any]] = EXAMPLES,
    seed: int = 0,
    **changes: Any,
) -> PreTrainedModel:
    """The tiny Llama after tuning by `SETTINGS` but for the changes, also to forbidden ones."""
    model = build()
    settings = SETTINGS.model_copy(update=changes)
    safety_tune(model, TOKENIZER, examples, settings, seed, workdir)
    return model
