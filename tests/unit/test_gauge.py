"""Signs and scales of neurons are a choice of gauge: what must not depend on it, and what does.

Multiplying an `up` row by a number and dividing its `down` column by it leaves the model's function
as it was. `docs/gauge.md` says which scores it changes; its table is tested cell by cell. Its
second table says how much, and is compared with what `benchmarks/gauge.py` measured.
"""

import csv
from pathlib import Path

import numpy as np
import pytest
import torch

import tiny
from safeneuron.capture.capture import capture_moments
from safeneuron.capture.pooling import POOLINGS
from safeneuron.models.sites import ffn_sites
from safeneuron.neurons.criteria import CRITERIA
from safeneuron.neurons.criteria.registry import Thresholds
from safeneuron.neurons.scores import score
from safeneuron.neurons.selection import select
from safeneuron.neurons.settings import Fraction

UNSAFE, SAFE = tiny.token_prompts(12, seed=1), tiny.token_prompts(15, seed=2)
RULES = (Fraction(fraction=0.1), Thresholds(es=0.5, sas=1.0, write_sas=1.0))
MAGNITUDES = [pooling for pooling in POOLINGS if pooling.endswith("abs")]
SIGNED = [pooling for pooling in POOLINGS if not pooling.endswith("abs")]

_RNG = np.random.default_rng(3)
_GRID = (tiny.LAYERS, tiny.NEURONS)
FACTORS = {
    "none": np.ones(_GRID),
    "sign flip": _RNG.choice([-1.0, 1.0], _GRID),
    "rescaling": 2.0 ** _RNG.integers(-2, 3, _GRID),  # powers of two, so that nothing is rounded
    "any rescaling": 4 ** _RNG.uniform(-1, 1, _GRID),
}


@torch.no_grad()
def in_gauge(family, factors):
    """The family's model with every neuron's activation multiplied by its factor."""
    model = tiny.build(family)
    for site, row in zip(ffn_sites(model), torch.from_numpy(factors).float(), strict=True):
        site.inward[-1].weight[-site.neurons :] *= row[:, None]  # the up rows, also where fused
        site.down.weight /= row
    return model


def scores_of(model):
    """Pooling -> criterion -> scores."""
    unsafe, safe = (capture_moments(model, p, POOLINGS, 8, tiny.PAD) for p in (UNSAFE, SAFE))
    return {pooling: score(unsafe[pooling], safe[pooling]) for pooling in POOLINGS}


@pytest.fixture(scope="module", params=tiny.FAMILIES)
def models(request):
    """A model in every gauge."""
    return {name: in_gauge(request.param, factors) for name, factors in FACTORS.items()}


@pytest.fixture(scope="module")
def scores(models):
    """Gauge -> pooling -> criterion -> scores."""
    return {name: scores_of(model) for name, model in models.items()}


REPOSITORY = Path(__file__).parents[2]
PAGE = (REPOSITORY / "docs/gauge.md").read_text(encoding="utf-8")
TABLE_LINES = [
    [cell.strip() for cell in line[1:-1].split("|")]
    for line in PAGE.splitlines()
    if line.startswith("|")
]


def documented():
    """(criterion, gauge, pooling) -> whether the score keeps its value, as the table says."""
    _, *columns = TABLE_LINES[0]
    kept = {}
    for name, *cells in TABLE_LINES[2 : 2 + len(CRITERIA)]:
        for column, cell in zip(columns, cells, strict=True):
            gauge, _, of = column.partition(", ")
            for pooling in POOLINGS if of == "any pooling" else of.split("`")[1::2]:
                kept[name.strip("`"), gauge, pooling] = {"keeps": True, "changes": False}[cell]
    return kept


KEPT = documented()


@pytest.mark.parametrize("gauge", ["sign flip", "rescaling"])
def test_the_choice_of_gauge_changes_no_logit(models, gauge):
    pair = (tiny.logits(models[name], UNSAFE) for name in ("none", gauge))
    for a, b in zip(*pair, strict=True):
        assert torch.equal(a, b)


def test_scales_that_are_rounded_change_logits_by_rounding(models):
    pair = (tiny.logits(models[name], UNSAFE) for name in ("none", "any rescaling"))
    for a, b in zip(*pair, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-3)


def test_the_table_is_of_all_criteria_and_poolings():
    assert set(KEPT) == {
        (name, gauge, pooling)
        for name in CRITERIA
        for gauge in ("sign flip", "rescaling")
        for pooling in POOLINGS
    }


@pytest.mark.parametrize(("criterion", "gauge", "pooling"), KEPT)
def test_scores_depend_on_the_gauge_where_the_table_says_so(scores, criterion, gauge, pooling):
    one, other = (scores[name][pooling][criterion] for name in ("none", gauge))
    if KEPT[criterion, gauge, pooling]:
        np.testing.assert_array_equal(one, other)
    else:
        ranks = [np.argsort(-values, axis=None, kind="stable") for values in (one, other)]
        assert (ranks[0] != ranks[1]).mean() > 0.5


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.kind)
@pytest.mark.parametrize("pooling", MAGNITUDES)
def test_sets_by_magnitude_do_not_change_under_sign_flips(scores, pooling, rule):
    one, other = (
        select(scores[name][pooling], ["es", "sas", "write_sas"], rule)
        for name in ("none", "sign flip")
    )
    for name in one:
        np.testing.assert_array_equal(one[name], other[name])


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.kind)
@pytest.mark.parametrize("pooling", SIGNED)
def test_sets_by_signed_activation_do_change_under_sign_flips(scores, pooling, rule):
    one, other = (
        select(scores[name][pooling], ["es", "sas"], rule) for name in ("none", "sign flip")
    )
    one, other = (masks["es"] | masks["sas"] for masks in (one, other))
    assert (one & other).sum() < 0.9 * one.sum()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.kind)
@pytest.mark.parametrize("pooling", POOLINGS)
def test_of_all_sets_only_those_by_activation_shift_change_under_rescaling(scores, pooling, rule):
    one, other = (
        select(scores[name][pooling], ["es", "sas", "write_sas"], rule)
        for name in ("none", "any rescaling")
    )
    for name in ("es", "write_sas"):
        np.testing.assert_array_equal(one[name], other[name])
    assert (one["sas"] != other["sas"]).any()


def as_shown(share):
    return f"{float(share):.2f}".removeprefix("0") if float(share) else "0"


def test_how_much_is_exchanged_is_what_was_measured():
    with (REPOSITORY / "benchmarks/gauge.csv").open(encoding="utf-8") as stream:
        *rows, sas = csv.DictReader(stream)
    measured = {}
    for row in rows:
        mean, low, high = (as_shown(row[name]) for name in ("mean", "lowest", "highest"))
        shown = mean if low == mean == high else f"{mean} [{low}, {high}]"
        measured[row["neurons"], f"{row['change']}, `{row['pooling']}`"] = shown
    table = [line for line in TABLE_LINES[2 + len(CRITERIA) :] if len(line) == 5]
    (_, *columns), _, *lines = table
    page = {
        (name.partition(" (")[0].replace("`", ""), column): cell
        for name, *cells in lines
        for column, cell in zip(columns, cells, strict=True)
        if cell
    }
    assert page == measured
    assert (sas["change"], sas["pooling"]) == ("write_sas in place of sas", "meanabs")
    shared = as_shown(1 - float(sas["mean"]))
    assert f"`write_sas` and `sas` share {shared} of these 102 neurons under `meanabs`" in PAGE
