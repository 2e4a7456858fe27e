r"""Whether each supported mixture of experts keeps what is promised: the table of docs/mixtures.md.

    PYTHONPATH=workflow_scripts:tests python benchmarks/conformance.py

It writes the table anew, measured on the tiny random models that the tests have.
"""

import copy
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from transformers import PreTrainedModel

import mixtures
import tiny
from families import LAYERS, TOKENIZER
from safeneuron.alignment.arms.registry import ARMS
from safeneuron.alignment.freeze_proof import freeze_report
from safeneuron.capture.capture import capture_moments
from safeneuron.interventions.weights import Weights
from safeneuron.interventions.zeroing import zeroed
from safeneuron.models.sites import ffn_sites
from unit.alignment.rounds import train

PAGE = Path(__file__).parents[1] / "docs/mixtures.md"
HEADER = (
    "type of model",
    "layers x experts x neurons",
    "exposed, less `grouped_mm`",
    "zeroed by hooks, less by weights",
    "moments in batches of 7, less of 1",
    "frozen neurons that moved",
    "others that trained",
)
IDS = torch.tensor([[3, 4, 5, 6, 7], [9, 8, 7, 3, 30]])
MASK = np.random.default_rng(0).random((LAYERS, mixtures.NEURONS)) < 0.3


@torch.no_grad()
def logits(model: PreTrainedModel) -> torch.Tensor:
    """Of two prompts."""
    return model(IDS).logits


def largest(found: torch.Tensor, expected: torch.Tensor) -> str:
    """The largest difference of two, as a share of the largest magnitude."""
    share = ((found - expected).abs().max() / expected.abs().max()).item()
    return f"{share:.0e}" if share else "0"


def measured(kind: str) -> Iterator[str]:
    """The cells of a kind's row."""
    model = mixtures.build(kind)
    sites = ffn_sites(model)
    yield f"`{kind}`"
    yield f"{len(sites)} x {mixtures.EXPERTS} x {sites[0].neurons // mixtures.EXPERTS}"
    plain = mixtures.build(kind, exposed=False)
    plain.set_experts_implementation("grouped_mm")
    yield largest(logits(model), logits(plain))
    with zeroed(model, MASK):
        by_hooks = logits(model)
    with Weights().applied(model, MASK, None):
        yield largest(logits(model), by_hooks)
    alone, batched = (
        capture_moments(copy.deepcopy(model), tiny.token_prompts(60), ["max"], size, 0)["max"]
        for size in (1, 7)
    )
    assert (alone.count == batched.count).all()
    yield largest(torch.from_numpy(batched.mean), torch.from_numpy(alone.mean))
    with TemporaryDirectory() as folder:
        trained = train(ARMS["freeze"].plan(MASK, 0, {"neurons": 1.0}), Path(folder), model)
    report = freeze_report(trained.model, trained.before, MASK)
    yield f"{report.frozen_moved} of {report.frozen_neurons}"
    yield f"{report.free_trained:.0%}"


def table() -> str:
    """All rows, in Markdown."""
    rows = [HEADER, ["---"] * len(HEADER), *(list(measured(kind)) for kind in mixtures.KINDS)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


if __name__ == "__main__":
    assert TOKENIZER.pad_token_id == 0
    before, begin, rest = PAGE.read_text(encoding="utf-8").partition("<!-- measured -->\n")
    _, end, after = rest.partition("<!-- end -->")
    PAGE.write_text(before + f"{begin}{table()}\n{end}" + after, encoding="utf-8")
