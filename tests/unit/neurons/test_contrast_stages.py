"""The stages that make several contrasts' tables give those that each alone would."""

import numpy as np
import pytest

from safeneuron.artifacts.tables import read_about
from safeneuron.neurons.moments import save_moments
from synthetic import moments_of

STATE = {"model": "m", "arm": "base", "round": 0, "seed": 0}
POOLINGS = ["max", "meanabs"]
CONTRASTS = ["d/theft", "d/fraud", "topic"]
SELECTION = {
    "selection": "top",
    "criteria": ["es", "sas"],
    "rule": {"kind": "fraction", "fraction": 0.2},
}


@pytest.fixture
def prompt_sets(tmp_path):
    """Moments under both poolings of two prompt sets a contrast; `safe` of the first two is one."""
    rng = np.random.default_rng(0)
    for name in ("theft", "fraud", "matched", "safe", "plain"):
        samples = {pooling: rng.random((7, 2, 10)) for pooling in POOLINGS}
        moments = {pooling: moments_of(rows) for pooling, rows in samples.items()}
        save_moments(tmp_path / f"{name}.safetensors", moments)
    unsafe, safe = ("theft", "fraud", "matched"), ("safe", "safe", "plain")
    return [[tmp_path / f"{name}.safetensors" for name in side] for side in (unsafe, safe)]


@pytest.fixture
def scores(prompt_sets, stage, tmp_path):
    """The tables of all contrasts and poolings, in the order of `score_contrasts`."""
    unsafe, safe = prompt_sets
    out = [tmp_path / f"{contrast}-{pooling}" for contrast in range(3) for pooling in POOLINGS]
    settings = {"state": STATE, "contrasts": CONTRASTS, "poolings": POOLINGS}
    stage("score_contrasts", settings, unsafe=unsafe, safe=safe, out=out)
    return out


def test_contrasts_together_have_the_scores_of_each_alone(scores, prompt_sets, stage, tmp_path):
    alone = [tmp_path / "alone-max", tmp_path / "alone-meanabs"]
    for number, (unsafe, safe) in enumerate(zip(*prompt_sets, strict=True)):
        settings = {"state": STATE, "contrast": CONTRASTS[number], "poolings": POOLINGS}
        stage("score", settings, unsafe=unsafe, safe=safe, out=alone)
        together = scores[2 * number : 2 * number + 2]
        assert [p.read_bytes() for p in together] == [p.read_bytes() for p in alone]
        assert [read_about(path)["pooling"] for path in together] == POOLINGS
    assert len({path.read_bytes() for path in scores}) == 6


def test_contrasts_together_have_the_sets_of_each_alone(scores, stage, tmp_path):
    tables = scores[1::2]
    together = [tmp_path / f"set-{number}" for number in range(3)]
    stage("select_contrasts", SELECTION, scores=tables, out=together)
    for table, path, contrast in zip(tables, together, CONTRASTS, strict=True):
        stage("select_neurons", SELECTION, scores=table, out=tmp_path / "alone")
        assert path.read_bytes() == (tmp_path / "alone").read_bytes()
        assert read_about(path)["contrast"] == contrast


def test_a_contrast_without_neurons_is_named(scores, stage, tmp_path, caplog):
    rule = {"kind": "thresholds", "es": 100.0, "sas": 100.0}
    out = [tmp_path / "first", tmp_path / "second"]
    with pytest.raises(SystemExit):
        stage("select_contrasts", SELECTION | {"rule": rule}, scores=scores[:2], out=out)
    assert "contrast 'd/theft': the rule" in caplog.text
    assert not any(path.exists() for path in out)


def test_files_that_are_no_match_for_the_contrasts_are_an_error(prompt_sets, stage, tmp_path):
    unsafe, safe = prompt_sets
    settings = {"state": STATE, "contrasts": CONTRASTS[:2], "poolings": POOLINGS}
    out = [tmp_path / str(number) for number in range(4)]
    with pytest.raises(ValueError, match="zip"):
        stage("score_contrasts", settings, unsafe=unsafe, safe=safe, out=out)


@pytest.mark.parametrize("name", ["select_neurons", "select_contrasts"])
def test_damaged_scores_are_set_aside_and_named(name, scores, stage, caplog, tmp_path):
    damaged = scores[1]
    damaged.write_bytes(damaged.read_bytes()[:-100])
    given = damaged if name == "select_neurons" else [scores[3], damaged]
    out = tmp_path / "out" if name == "select_neurons" else [tmp_path / "a", tmp_path / "out"]
    with pytest.raises(SystemExit):
        stage(name, SELECTION, scores=given, out=out)
    assert f"{damaged.name}.corrupt" in caplog.text
    assert damaged.with_name(f"{damaged.name}.corrupt").exists()
    assert not (tmp_path / "out").exists()
