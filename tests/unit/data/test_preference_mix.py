"""The mix of sources: shares to the pair, draws of prompts and never of rows, seeds."""

from collections import Counter

import numpy as np
import pytest

from safeneuron.artifacts.tables import read_table
from safeneuron.data.pair_settings import SourcesMix
from safeneuron.data.preference_mix import subset, write_mixed_preferences
from safeneuron.data.preferences import PREFERENCES


def source(name, role, prompts, pairs_each=1):
    return [
        {
            "pair_id": f"{name}-{p}-{k}",
            "role": role,
            "source": name,
            "prompt": f"{name} {p}" + ("?" if k else ""),  # the same prompt but for punctuation
            "chosen": "c",
            "rejected": "r",
            "image": None,
        }
        for p in range(prompts)
        for k in range(pairs_each)
    ]


SOURCES = {
    "pku": source("pku", "safety", 100, pairs_each=2),
    "ultra": source("ultra", "general", 400),
}
WHOLE = {"pku": 1.0, "ultra": 1.0}


def mix(path, sources=SOURCES, shares=WHOLE, pairs=None, safety_share=0.3, seed=0):
    mix = SourcesMix(shares=shares, pairs=pairs, safety_share=safety_share, seed=seed)
    write_mixed_preferences(path, list(sources.values()), mix)
    return read_table(path, PREFERENCES).to_pylist()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "mix.parquet"


def test_the_papers_mix_takes_every_safety_pair_of_the_subset_and_general_ones_to_70_percent(path):
    rows = mix(path, shares={"pku": 0.2, "ultra": 1.0})
    # 20 % of 100 prompts with two pairs each are 40 pairs; 40 / 0.3 = 133 in all
    assert Counter(row["role"] for row in rows) == {"safety": 40, "general": 93}
    assert len({row["pair_id"] for row in rows}) == 133


@pytest.mark.parametrize(
    ("pairs", "share", "safety"), [(100, 0.3, 30), (10, 0.36, 4), (50, 1.0, 50), (50, 0.0, 0)]
)
def test_a_mix_of_a_given_size_has_the_share_to_the_nearest_pair(path, pairs, share, safety):
    rows = mix(path, pairs=pairs, safety_share=share)
    assert len(rows) == pairs
    assert sum(row["role"] == "safety" for row in rows) == safety


@pytest.mark.parametrize("share", [0.01, 0.2, 0.5, 1.0])
def test_a_subset_holds_all_pairs_of_a_prompt_or_none(share):
    groups = subset(SOURCES["pku"], share, np.random.default_rng(0))
    assert len(groups) == round(100 * share)
    for group in groups:
        assert len(group) == 2
        assert group[0]["prompt"] == group[1]["prompt"].removesuffix("?")


def test_a_mix_splits_at_most_one_prompt_of_a_kind(path):
    rows = [row for row in mix(path, pairs=100) if row["role"] == "safety"]
    assert sum(n == 1 for n in Counter(r["prompt"].removesuffix("?") for r in rows).values()) <= 1


def test_a_seed_repeats_the_bytes_and_another_draws_other_prompts(path, tmp_path):
    shares = {"pku": 0.2, "ultra": 1.0}
    first = {r["pair_id"] for r in mix(path, shares=shares)}
    assert mix(tmp_path / "again.parquet", shares=shares) and (
        (tmp_path / "again.parquet").read_bytes() == path.read_bytes()
    )
    assert {r["pair_id"] for r in mix(tmp_path / "other.parquet", shares=shares, seed=1)} != first


def test_another_source_changes_no_draw_of_the_first(path, tmp_path):
    shares = {"pku": 0.2, "ultra": 1.0, "more": 0.5}
    more = SOURCES | {"more": source("more", "safety", 10)}
    alone = {r["pair_id"] for r in mix(path, shares=shares)}
    beside = {r["pair_id"] for r in mix(tmp_path / "two.parquet", more, shares)}
    assert {i for i in beside if i.startswith("pku")} == {i for i in alone if i.startswith("pku")}


def test_the_order_is_mixed(path):
    head = [row["role"] for row in mix(path, pairs=200)[:50]]
    assert 5 <= head.count("safety") <= 30


@pytest.mark.parametrize(("kind", "share"), [("safety", 1.0), ("general", 0.0)])
def test_too_few_pairs_say_what_to_change_and_write_nothing(path, kind, share):
    with pytest.raises(
        ValueError, match=rf"asks for 900 {kind} pairs, but its sources give \d+; lower"
    ):
        mix(path, pairs=900, safety_share=share)
    assert not path.exists()
