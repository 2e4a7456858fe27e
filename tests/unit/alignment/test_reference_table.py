"""Reference log-probabilities that are computed once, in place of a model beside the policy."""

import math

import pytest
import torch

from safeneuron.alignment.dpo_training import _Absent, align, reference_log_probs
from safeneuron.alignment.reference_table import REFERENCE, with_reference
from safeneuron.artifacts.tables import write_rows
from unit.alignment.plain_dpo import answer_log_probabilities
from unit.alignment.rounds import (
    PAIRS,
    SETTINGS,
    TOKENIZER,
    build,
    hooks,
    plan_of,
    same_bits,
    train,
)
from unit.alignment.test_training_variants import distance

PLAIN = {"kl_weight": 0.0, "sft_weight": 0.0}


def table(precision="float32", batch_pairs=4):
    return reference_log_probs(build(), TOKENIZER, PAIRS, precision, batch_pairs)


def referenced(precision="float32"):
    return [
        {**pair, "reference_chosen": row["chosen"], "reference_rejected": row["rejected"]}
        for pair, row in zip(PAIRS, table(precision), strict=True)
    ]


@pytest.mark.parametrize("batch_pairs", [1, 5])
def test_they_are_the_clean_models_whatever_the_batch(batch_pairs):
    model = build()
    rows = reference_log_probs(model, TOKENIZER, PAIRS, "float32", batch_pairs)
    assert [row["pair_id"] for row in rows] == [pair["pair_id"] for pair in PAIRS]
    for row, pair in zip(rows, PAIRS, strict=True):
        for side in ("chosen", "rejected"):
            expected = answer_log_probabilities(build(), pair["prompt"], pair[side]).sum().item()
            assert row[side] == pytest.approx(expected, rel=1e-5)
    assert same_bits(model, build())
    assert hooks(model) == 0 and "forward" not in vars(model)


@pytest.mark.parametrize(("precision", "noise"), [("float32", 1e-5), ("bfloat16", 2e-2)])
def test_policy_and_reference_start_equal(precision, noise, tmp_path):
    trained = train(
        "dpo", tmp_path, pairs=referenced(precision), live=False, precision=precision, **PLAIN
    )
    assert trained.logged("loss")[0] == pytest.approx(math.log(2), abs=noise)


def test_a_round_is_the_one_with_a_model_beside_the_policy(tmp_path):
    live = train("freeze_ablate", tmp_path / "1", **PLAIN)
    stored = train("freeze_ablate", tmp_path / "2", pairs=referenced(), live=False, **PLAIN)
    assert stored.logged("loss") == pytest.approx(live.logged("loss"), rel=1e-4)
    assert stored.logged("loss")[-1] != pytest.approx(math.log(2), abs=1e-2)
    moved, _ = distance(live.model, live.before)
    assert distance(live.model, stored.model)[0] < 1e-3 * moved


def test_another_table_gives_another_round(tmp_path):
    other = [pair | {"reference_chosen": pair["reference_chosen"] - 5} for pair in referenced()]
    stored = train("dpo", tmp_path, pairs=other, live=False, **PLAIN)
    expected = math.log1p(math.exp(-SETTINGS.beta * 5))
    assert stored.logged("loss")[0] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(("pairs", "kl_weight"), [(PAIRS, 0.0), (None, 1.0)])
def test_a_round_without_any_reference_is_an_error(pairs, kl_weight, tmp_path):
    pairs = pairs or [p | {"reference_chosen": 0.0, "reference_rejected": 0.0} for p in PAIRS]
    with pytest.raises(ValueError, match="without a reference model kl_weight must be 0"):
        train("dpo", tmp_path, pairs=pairs, live=False, kl_weight=kl_weight)


def test_what_stands_for_the_reference_cannot_run():
    with pytest.raises(AssertionError, match="come with the pairs"):
        _Absent()(input_ids=torch.tensor([[3]]))


def test_a_table_gives_the_mixs_first_pairs_theirs_and_no_others(tmp_path):
    path = tmp_path / "t.parquet"
    write_rows(path, REFERENCE, table(), {})
    assert with_reference(PAIRS[:3], path) == referenced()[:3]
    with pytest.raises(ValueError, match="not of these preference pairs"):
        with_reference(PAIRS[1:3], path)


def test_live_reference_and_table_cannot_be_mixed_up(tmp_path):
    """With a model beside the policy its own numbers count, also if the pairs carry others."""
    wrong = [pair | {"reference_chosen": 0.0, "reference_rejected": -9.0} for pair in PAIRS]
    model = build()
    history = align(model, build(), TOKENIZER, wrong, plan_of("dpo"), SETTINGS, 1, tmp_path / "1")
    expected = train("dpo", tmp_path / "2")
    assert history[0]["loss"] == expected.logged("loss")[0]
    assert same_bits(model, expected.model)
