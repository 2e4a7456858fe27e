"""Every row's fast path finds what its baseline finds, at small sizes."""

import numpy as np
import pytest
from benchmarks.figures import NotGivenError
from benchmarks.models import organism, token_prompts
from benchmarks.rows import (
    aggregate_tables,
    capture,
    capture_stored,
    dag,
    generation,
    light_stage,
    masked_step,
    overlap,
    padding,
    probe,
    refusal,
)


@pytest.fixture(scope="module")
def run():
    return organism(layers=2, hidden=32, intermediate=64, heads=2)


@pytest.fixture(scope="module")
def prompts(run):
    return token_prompts(run.tokenizer, 40, 3, 20)


def test_prompts_have_all_lengths_in_no_order(run, prompts):
    lengths = [len(prompt) for prompt in prompts]
    assert (min(lengths), max(lengths), len(set(lengths))) == (3, 20, 18)
    assert lengths != sorted(lengths) and lengths != sorted(lengths, reverse=True)
    assert prompts == token_prompts(run.tokenizer, 40, 3, 20)


def test_overlap():
    sets = overlap.category_sets(5, 20_000)
    assert sets.shape == (5, overlap.LAYERS, 500)
    assert overlap.difference(sets) < 1e-12


def test_aggregate_tables(tmp_path):
    study = aggregate_tables.study(tmp_path / "study", 2 * aggregate_tables.ROWS_A_STATE)
    assert len(study.verdicts) == 2 * 4
    assert aggregate_tables.difference(study.verdicts) == 0
    aggregate_tables.tables(study)


def test_capture(run, prompts):
    assert capture.difference(run, prompts) < 1e-4


def test_capture_against_stored_activations(run, prompts, tmp_path):
    (tmp_path / "stored").mkdir()
    plain = capture_stored.stored(run, prompts, tmp_path / "stored")
    ours = capture_stored.streamed(run, prompts, tmp_path / "moments.safetensors")
    assert ours.keys() == plain.keys() == set(capture_stored.POOLINGS)
    assert capture_stored.difference(ours, plain) < 1e-4
    assert capture_stored.difference(ours, plain | {"max": plain["last"]}) > 0.1
    # all that the model computed is on disk
    stored = sorted((tmp_path / "stored").iterdir())
    assert sum(np.load(file).shape[1] for file in stored) == sum(map(len, prompts))


def test_generation():
    asked = generation.asked_organism(12)
    ours, plain = generation.ours(*asked, 20), generation.plain(*asked, 20)
    assert ours == plain == generation.plain(*asked, 20, batch_size=1)
    assert len({len(answer.split()) for answer in plain}) > 3


@pytest.mark.parametrize("arm", ["dpo", "freeze", "freeze_ablate"])
def test_masked_step(arm):
    found = masked_step.trained(arm, masked_step.neurons(), 3)
    assert found.free > 0
    assert (found.frozen == 0) == (arm != "dpo")


def test_padding(run, prompts, tmp_path):
    assert padding.difference(run, prompts) < 1e-4
    every = sorted(token for prompt in prompts for token in prompt)
    for way in (padding.by_length, padding.in_order, padding.unpadded):
        found = way(prompts)
        real = [batch.input_ids[batch.attention_mask == 1].tolist() for batch in found]
        assert sorted(token for ids in real for token in ids) == every
    shapes = [batch.attention_mask.float().mean().item() for batch in padding.unpadded(prompts)]
    assert shapes[:-1] == [1.0] * (len(shapes) - 1)
    (tmp_path / "prompts.csv").write_text('forbidden_prompt,source\n"How, then?",a\nYes,b\n')
    assert padding.real_lengths(tmp_path / "prompts.csv") == [4, 1]
    with pytest.raises(NotGivenError, match="`make data` fetches it"):
        padding.real_lengths(tmp_path / "none.csv")


def test_probe():
    both = probe.layers(prompts=200, neurons=20)
    fitted, held_out = both[:, :200], both[:, 200:]
    ours, epochs = probe.ours(fitted), probe.full_batch_epochs(fitted, 2000)
    # of one direction; Adam is still on its way
    lengths = np.linalg.norm(ours, axis=1) * np.linalg.norm(epochs, axis=1)
    assert ((ours * epochs).sum(axis=1) / lengths > 0.99).all()
    assert probe.auc(epochs, held_out) == pytest.approx(probe.auc(ours, held_out), abs=0.01)
    assert 0.8 < probe.auc(ours, held_out) < 0.99
    assert probe.auc(-ours, held_out) == pytest.approx(1 - probe.auc(ours, held_out))


@pytest.mark.workflow
def test_a_bare_snakefile_has_as_many_jobs_as_it_is_asked_for(tmp_path):
    assert dag.jobs(dag.of_bare_snakefile(7, tmp_path)) == 7


def test_a_misspelt_key_is_refused_for_what_it_is(tmp_path, monkeypatch):
    refusal.refused(tmp_path)
    monkeypatch.setattr(refusal, "WRONG", "attacks: {}\n")
    with pytest.raises(RuntimeError, match="unknown key 'attacks'"):
        refusal.refused(tmp_path)


def test_a_light_stage_says_what_it_does():
    for stage in light_stage.STAGES:
        assert light_stage.first_line(stage).startswith(f"usage: {stage}.py")
