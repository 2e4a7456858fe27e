r"""Whether each supported family keeps what is promised: the tables of docs/families.md.

    PYTHONPATH=workflow_scripts:tests python benchmarks/conformance.py

It writes its tables anew, measured on the tiny random models that the tests have, in some minutes.
A family that does not keep a promise stops it.
"""

import copy
import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from transformers import PreTrainedModel

import families
import mixtures
import tiny
from safeneuron.capture.capture import capture_moments
from safeneuron.interventions.weights import Weights
from safeneuron.interventions.zeroing import zeroed
from safeneuron.models.ffn import FFNSite
from safeneuron.models.mixture_layers import MixtureSite, is_mixture
from safeneuron.models.refused import REFUSED
from safeneuron.models.sites import decoder_layers, ffn_sites, grid_of
from safeneuron.neurons.sets import read_neuron_set
from safeneuron.organism.language import SPLITS
from stages import run_stage
from unit.test_family_stages import align, attack, identify

PAGE = Path(__file__).parents[1] / "docs/families.md"
IDS = torch.tensor([[3, 4, 5, 6, 7], [9, 8, 7, 3, 30]])
RECURRENT = re.compile("mamba|conv|linear_attn")
LANGUAGE = {"per_category": 8, "benign": 14, "lookalike": 8, "task": 2}
HEADER = (
    "type of model",
    "kind",
    "neurons",
    "computed and read by",
    "zeroed by hooks, less by weights",
    "moments in batches of 7, less of 1",
    "frozen neurons that moved",
    "attacked again",
)
OF_MIXTURES = (*HEADER, "experts exposed, less `grouped_mm`")


@torch.no_grad()
def logits(model: PreTrainedModel) -> torch.Tensor:
    """Of two prompts."""
    found: torch.Tensor = model(IDS).logits
    return found


def largest(found: torch.Tensor, expected: torch.Tensor) -> str:
    """The largest difference of two, as a share of the largest magnitude."""
    share = ((found - expected).abs().max() / expected.abs().max()).item()
    assert share < 1e-4
    return f"{share:.0e}" if share else "0"


def kind_of(model: PreTrainedModel) -> str:
    """What the model's layers are."""
    sites = ffn_sites(model)
    children = [name for layer in decoder_layers(model) for name, _ in layer.named_children()]
    kind = "gated" if sum(sites[0].form) == 2 else "no gate"
    if is_mixture(sites):
        kind = "mixture"
        if any(isinstance(site, MixtureSite) for site in sites):
            kind += ", shared expert"
        if any(isinstance(site, FFNSite) for site in sites):
            kind += ", dense layers"
    return f"hybrid, {kind}" if any(map(RECURRENT.search, children)) else kind


def projections(model: PreTrainedModel) -> str:
    """The names of the projections of the layers that are no mixtures."""
    names = {module: name.rpartition(".")[2] for name, module in model.named_modules()}
    return (
        "; ".join(
            dict.fromkeys(
                f"{', '.join(names[p] for p in site.inward)}: {names[site.down]}"
                for site in ffn_sites(model)
                if isinstance(site, FFNSite)
            )
        )
        or "experts"
    )


def measured(name: str, model: PreTrainedModel, save: Callable[[Path], Path]) -> Iterator[str]:
    """The cells of a family's row.

    Args:
        save: writes a checkpoint of the model into a folder.
    """
    sites = ffn_sites(model)
    present = grid_of(sites).present
    yield f"`{name}`"
    yield kind_of(model)
    yield ", ".join(str(site.neurons) for site in sites)
    yield projections(model)
    mask = (np.random.default_rng(0).random(present.shape) < 0.3) & present
    with zeroed(model, mask):
        by_hooks = logits(model)
    assert not torch.equal(by_hooks, logits(model))
    with Weights().applied(model, mask, None):
        yield largest(logits(model), by_hooks)
    alone, batched = (
        capture_moments(copy.deepcopy(model), tiny.token_prompts(60), ["max"], size, 0)["max"]
        for size in (1, 7)
    )
    assert np.array_equal(alone.count, batched.count)
    yield largest(torch.from_numpy(batched.mean), torch.from_numpy(alone.mean))
    with TemporaryDirectory() as folder:
        yield from chain(Path(folder), save)


def chain(work: Path, save: Callable[[Path], Path]) -> Iterator[str]:
    """What of the frozen neurons moved in a round, and how often the trained model was attacked."""
    stage = partial(run_stage, work)
    prompts, pairs = work / "organism.parquet", work / "pairs.parquet"
    language = dict.fromkeys(SPLITS, LANGUAGE)
    stage("organism_prompts", {"language": language, "dataset": "organism"}, out=prompts)
    settings = {"pairs": 8, "safety_share": 0.5, "seed": 0}
    stage("organism_preferences", settings, prompts=prompts, out=pairs)
    for state in ("T0", "T1"):
        (work / state).mkdir()
    t0 = work / "T0" / "checkpoint.json"
    settings = {"path": str(save(work / "folder")), "dtype": "bfloat16"}
    stage("local_checkpoint", settings, manifest=t0)
    _, neurons = identify(stage, t0, prompts)
    t1 = align(stage, t0, neurons, pairs, work / "T1")
    report = json.loads((work / "T1" / "freeze_report.json").read_text())
    frozen = int(read_neuron_set(neurons).union.sum())
    assert report["frozen_neurons"] == frozen > 0 == report["frozen_moved"]
    assert report["frozen_sha256_before"] == report["frozen_sha256_after"]
    yield f"{report['frozen_moved']} of {frozen}"
    scores, found = identify(stage, t1, prompts)
    rows = attack(stage, t1, scores, found, prompts, work)
    cells = {(r["attack"], r["control_seed"], r["fraction"]) for r in rows}
    assert len(cells) == 5
    yield "yes"


def table(header: tuple[str, ...], rows: Iterator[list[str]]) -> str:
    """In Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def dense_rows() -> Iterator[list[str]]:
    """Families without mixtures."""
    for name in families.FAMILIES:
        print(name)
        save = partial(families.save, name, dtype=torch.bfloat16)
        yield list(measured(name, families.build(name), save))


def mixture_rows(kinds: Mapping[str, mixtures.Kind]) -> Iterator[list[str]]:
    """Mixtures, with what exposing their experts changes in the end."""
    for kind in kinds:
        print(kind)
        model = mixtures.build(kind)
        plain = mixtures.build(kind, exposed=False)
        plain.set_experts_implementation("grouped_mm")
        save = partial(mixtures.save, kind, dtype=torch.bfloat16)
        cells = list(measured(plain.config.model_type, model, save))
        yield [*cells, largest(logits(model), logits(plain))]


def refused_rows() -> Iterator[list[str]]:
    """Types that are not supported."""
    for kind, found in REFUSED.items():
        yield [f"`{kind}`", found]


def filled(page: str, name: str, content: str) -> str:
    """A page with other content between two marks."""
    before, begin, rest = page.partition(f"<!-- {name} -->\n")
    _, end, after = rest.partition("<!-- end -->")
    assert begin and end
    return f"{before}{begin}{content}\n{end}{after}"


if __name__ == "__main__":
    assert families.TOKENIZER.pad_token_id == 0
    page = PAGE.read_text(encoding="utf-8")
    page = filled(page, "families", table(HEADER, dense_rows()))
    page = filled(page, "mixtures", table(OF_MIXTURES, mixture_rows(mixtures.ALL)))
    page = filled(page, "refused", table(("type of model", "found"), refused_rows()))
    PAGE.write_text(page, encoding="utf-8")
