"""From which files and settings attacks of each kind are made, and how many cells they have."""

import json

import numpy as np
import pytest

from safeneuron.attribution.settings import (
    IterativeNeuronsSettings,
    SingleNeuronSettings,
    TaylorNeuronsSettings,
)
from safeneuron.config.load import load_config
from safeneuron.config.schema.capability import Attacked
from safeneuron.directions.settings import RefusalDirectionsSettings
from safeneuron.experiment import attack_cells, attacks, attribution
from safeneuron.experiment.paths import Paths
from safeneuron.experiment.states import State
from safeneuron.experiment.work import JobWork
from safeneuron.interventions.direction_cells import direction_cells
from safeneuron.interventions.iterative_cells import iterative_cells
from safeneuron.interventions.prefill_cells import prefill_cells
from safeneuron.interventions.settings import (
    AttackSettings,
    DirectionCells,
    IterativeCells,
    PrefillCells,
    SingleCells,
    TaylorCells,
)
from safeneuron.interventions.single_cells import single_cells
from safeneuron.interventions.taylor_cells import taylor_cells
from safeneuron.neurons.found_again import FoundAgain
from safeneuron.results.targets import NEURONS, acted_on

PATHS = Paths("results/mine")
T0, T2 = State("organism", "base", 0, 3), State("organism", "freeze", 2, 3)
MEANS = {"kind": "mean_ablate"}
DIRECTION = {"kind": "direction", "phases": 3, "operator": "write_read"}
ATTACKS = {
    "magnitude": {"selection": "magnitude"},
    "mean": {"selection": "magnitude", "source": "static", "fractions": [],
             "operator": MEANS},
    "own": DIRECTION,
    "old": DIRECTION | {"source": "static"},
    "taylor": {"kind": "taylor", "fractions": [0.05, 0.2], "prompts": 32, "operator": MEANS},
    "old-taylor": {"kind": "taylor", "source": "static"},
    "anew": {"kind": "iterative", "selection": "magnitude", "times": 3, "source": "static"},
    "one": {"kind": "single", "strengths": [2.0, 8.0], "candidates": 3},
    "words": {"kind": "prefill", "text": "sure , here is", "words": [1, 3]},
}  # fmt: skip


@pytest.fixture
def config():
    return load_config(
        {
            "run": {"models": ["organism"], "attacked": ["organism"], "aligned": ["organism"],
                    "arms": ["freeze"], "attacks": [*ATTACKS]},
            "align": {"rounds": 2},
            "attack": {"attacks": ATTACKS},
            "capability": {"attacks": {"own": {"random_controls": 4}}},
        }
    )  # fmt: skip


def settings_of(config, attack):
    raw = attacks.attack_settings(config, T2, attack, "harmful")
    return AttackSettings.model_validate(json.loads(json.dumps(raw)))


def test_what_is_acted_on_is_read_from_the_files_of_its_kind(config):
    found = {
        attack: attacks.target_files(config, PATHS, T2, attack, config.attacks)
        for attack in ("clean", *ATTACKS)
    }
    assert found == {
        "clean": [],
        "magnitude": [
            "results/mine/sets/organism/freeze/T2/s3/magnitude/overall.parquet",
            "results/mine/scores/organism/freeze/T2/s3/meanabs/overall.parquet",
        ],
        "mean": [
            "results/mine/sets/organism/base/T0/s3/magnitude/overall.parquet",
            "results/mine/moments/organism/base/T0/s3/safe.safetensors",
        ],
        "own": ["results/mine/directions/organism/freeze/T2/s3/own.safetensors"],
        "old": ["results/mine/directions/organism/base/T0/s3/old.safetensors"],
        "taylor": [
            "results/mine/attribution/organism/freeze/T2/s3/taylor.parquet",
            "results/mine/moments/organism/freeze/T2/s3/safe.safetensors",
        ],
        "old-taylor": ["results/mine/attribution/organism/base/T0/s3/old-taylor.parquet"],
        "anew": ["results/mine/attribution/organism/base/T0/s3/anew.parquet"],
        "one": [
            "results/mine/attribution/organism/freeze/T2/s3/one.parquet",
            "results/mine/attribution/organism/freeze/T2/s3/candidates/one.parquet",
        ],
        "words": ["results/mine/prompts/organism.parquet"],
    }
    of_capability = attacks.target_files(config, PATHS, T2, "own", config.capability.attacks)
    assert of_capability == found["own"]


@pytest.mark.parametrize(
    ("attack", "cells", "source"),
    [("own", DirectionCells, "adaptive"), ("old", DirectionCells, "static"),
     ("words", PrefillCells, None), ("taylor", TaylorCells, "adaptive"),
     ("old-taylor", TaylorCells, "static"), ("anew", IterativeCells, "static"),
     ("one", SingleCells, "adaptive")],
)  # fmt: skip
def test_settings_are_those_of_the_kind(config, attack, cells, source):
    settings = settings_of(config, attack)
    assert isinstance(settings.cells, cells)
    assert settings.set_source == source
    on_neurons = not isinstance(settings.cells, DirectionCells | PrefillCells)
    assert (settings.pooling is not None) == on_neurons
    row = settings.columns | {"target": "any"}
    assert (acted_on(row) == NEURONS) == on_neurons


def test_the_search_reads_both_sides_of_the_identification(config):
    raw = attacks.direction_settings(config, T2, "own")
    settings = RefusalDirectionsSettings.model_validate(json.loads(json.dumps(raw)))
    assert (settings.attack, settings.search.phases) == ("own", 3)
    assert settings.search.operator == "write_read"
    assert settings.safe.categories == ["benign", "lookalike"]
    assert settings.unsafe.split == "identification"
    assert attacks.of_kind(config, "direction") == ["own", "old"]
    with pytest.raises(ValueError, match="not of kind 'direction', but 'prefill'"):
        attacks.direction_settings(config, T2, "words")


def test_cells_are_counted_as_they_are_made(config):
    rows, scores = np.eye(8)[:3], np.random.default_rng(0).normal(size=(4, 50))
    means, found = np.stack([scores, scores]), FoundAgain([scores > 0] * 3, "es", scores < 9)
    made = {
        "own": list(direction_cells(rows, settings_of(config, "own").cells)),
        "words": list(prefill_cells(["a b c d"], settings_of(config, "words").cells)),
        "one": list(single_cells((0, 1), means, settings_of(config, "one").cells)),
        "anew": list(iterative_cells(found, settings_of(config, "anew").cells)),
        "taylor": list(taylor_cells(scores, settings_of(config, "taylor").cells, scores)),
    }
    for attack, cells in made.items():
        assert attack_cells.cell_count(config, attack, config.attacks[attack]) == len(cells)
    assert {attack: len(cells) for attack, cells in made.items()} == {
        "own": 9, "words": 6, "one": 9, "anew": 9, "taylor": 6,
    }  # fmt: skip
    assert attack_cells.cell_count(config, "own", config.capability.attacks["own"]) == 15
    widely = Attacked(fractions=[0.1])
    assert attack_cells.cell_count(config, "taylor", widely) == 2
    assert attack_cells.cells(config, "taylor", widely)["fractions"] == [0.1]
    assert attack_cells.cell_count(config, "magnitude", config.attacks["magnitude"]) == 3 * 4 * 3


def test_a_search_computes_more_with_each_phase(config):
    catalog = {"organism": {("identification", category): 40 for category in
               (*config.identification.unsafe.categories, "benign", "lookalike")}}  # fmt: skip
    work = JobWork(config, catalog)
    three = work.refusal_directions("organism", "own")
    one = config.attack.attacks["own"].model_copy(update={"phases": 1})
    config.attack.attacks["own"] = one
    assert three.flops > 2 * JobWork(config, catalog).refusal_directions("organism", "own").flops


def test_gradients_are_taken_of_the_prompts_of_both_sides(config):
    raw = attribution.taylor_settings(config, T2, "taylor")
    settings = TaylorNeuronsSettings.model_validate(json.loads(json.dumps(raw)))
    assert (settings.attack, settings.search.prompts) == ("taylor", 32)
    assert settings.state.round == 2
    assert settings.unsafe.split == settings.safe.split == "identification"
    assert attacks.of_kind(config, "taylor") == ["taylor", "old-taylor"]
    with pytest.raises(ValueError, match="not of kind 'taylor', but 'prefill'"):
        attribution.taylor_settings(config, T2, "words")


def test_neurons_are_found_anew_as_the_selection_finds_them(config):
    raw = attribution.iterative_settings(config, T0, "anew")
    settings = IterativeNeuronsSettings.model_validate(json.loads(json.dumps(raw)))
    assert settings.selected.model_dump(exclude={"rule"}) == {
        "selection": "magnitude", "criteria": ["es", "sas"], "pooling": "meanabs", "times": 3,
    }  # fmt: skip
    assert settings.selected.rule == config.identification.selections["magnitude"].rule
    assert settings.safe.categories == ["benign", "lookalike"]
    first = "results/mine/sets/organism/base/T0/s3/magnitude/overall.parquet"
    assert attribution.first_set(config, PATHS, T0, "anew") == first
    with pytest.raises(ValueError, match="not of kind 'iterative', but 'prefill'"):
        attribution.iterative_settings(config, T0, "words")


def test_one_neuron_is_searched_as_the_attack_says(config):
    raw = attribution.single_settings(config, T2, "one")
    settings = SingleNeuronSettings.model_validate(json.loads(json.dumps(raw)))
    assert (settings.search.candidates, settings.search.strengths) == (3, [2.0, 8.0])
    assert settings.unsafe.split == "identification"
    with pytest.raises(ValueError, match="not of kind 'single', but 'iterative'"):
        attribution.single_settings(config, T2, "anew")


def test_gradients_need_more_memory_than_a_pass(config):
    work = JobWork(config, {"organism": {("identification", c): 40 for c in
               (*config.identification.unsafe.categories, "benign", "lookalike")}})  # fmt: skip
    few, many = (work.taylor_neurons("organism", name) for name in ("taylor", "old-taylor"))
    # 32 prompts of each side, or 256 unsafe ones and all 80 safe ones
    assert few.flops / (3 * 32 + 32) == pytest.approx(many.flops / (3 * 256 + 80))
    one = work.single_neuron("organism", "one")
    # gradients by 128 + 40 prompts; as many choose, at first and 3 times 3 times
    passes = (3 + 1 + 9) * 168
    assert one.flops / passes == pytest.approx(few.flops / (3 * 32 + 32))
    again = work.iterative_neurons("organism", "anew")
    prompts = {name: work.capture("organism", name) for name in ("overall", "safe")}
    assert again.flops == pytest.approx(2 * sum(one.flops for one in prompts.values()))
    assert many.bytes > work.capture("organism", "overall").bytes


def test_more_candidates_take_more_time_and_no_more_memory(config, monkeypatch):
    work = JobWork(config, {"organism": {("identification", c): 40 for c in
               (*config.identification.unsafe.categories, "benign", "lookalike")}})  # fmt: skip
    few, attack = work.single_neuron("organism", "one"), config.attack.attacks["one"]
    tried = attack.model_copy(update={"candidates": 300})
    monkeypatch.setitem(config.attack.attacks, "one", tried)
    many = work.single_neuron("organism", "one")
    assert many.flops > 50 * few.flops
    assert many.bytes == few.bytes


def test_targets_checkpoints_and_figures_are_of_attacks_on_neurons(config):
    assert attacks.targets(config) == ["es", "sas", "es+sas"]
    assert attacks.models_drawn(config) == ["organism"]
    alone = load_config({"run": {"models": ["organism"], "attacked": ["organism"],
                                 "attacks": ["own"]}, "attack": {"attacks": ATTACKS},
                         "report": {"case_studies": {"count": 0}}})  # fmt: skip
    assert attacks.models_drawn(alone) == []
    assert attacks.targets(alone) == []
