"""From which files and settings attacks of each kind are made, and how many cells they have."""

import json

import numpy as np
import pytest

from safeneuron.config.load import load_config
from safeneuron.directions.settings import RefusalDirectionsSettings
from safeneuron.experiment import attacks
from safeneuron.experiment.paths import Paths
from safeneuron.experiment.states import State
from safeneuron.experiment.work import JobWork
from safeneuron.interventions.direction_cells import direction_cells
from safeneuron.interventions.prefill_cells import prefill_cells
from safeneuron.interventions.settings import AttackSettings, DirectionCells, PrefillCells

PATHS = Paths("results/mine")
T0, T2 = State("organism", "base", 0, 3), State("organism", "freeze", 2, 3)
DIRECTION = {"kind": "direction", "phases": 3, "operator": "write_read"}
ATTACKS = {
    "magnitude": {"selection": "magnitude"},
    "mean": {"selection": "magnitude", "source": "static", "fractions": [],
             "operator": {"kind": "mean_ablate"}},
    "own": DIRECTION,
    "old": DIRECTION | {"source": "static"},
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
        "words": ["results/mine/prompts/organism.parquet"],
    }
    of_capability = attacks.target_files(config, PATHS, T2, "own", config.capability.attacks)
    assert of_capability == found["own"]


@pytest.mark.parametrize(
    ("attack", "cells", "source"),
    [("own", DirectionCells, "adaptive"), ("old", DirectionCells, "static"),
     ("words", PrefillCells, None)],
)  # fmt: skip
def test_settings_are_those_of_the_kind(config, attack, cells, source):
    settings = settings_of(config, attack)
    assert isinstance(settings.cells, cells)
    assert (settings.pooling, settings.set_source) == (None, source)


def test_the_search_reads_both_sides_of_the_identification(config):
    raw = attacks.direction_settings(config, T2, "own")
    settings = RefusalDirectionsSettings.model_validate(json.loads(json.dumps(raw)))
    assert (settings.attack, settings.search.phases) == ("own", 3)
    assert settings.search.operator == "write_read"
    assert settings.safe.categories == ["benign", "lookalike"]
    assert settings.unsafe.split == "identification"
    assert attacks.on_directions(config) == ["own", "old"]
    with pytest.raises(ValueError, match="not on directions, but of kind 'prefill'"):
        attacks.direction_settings(config, T2, "words")


def test_cells_are_counted_as_they_are_made(config):
    rows = np.eye(8)[:3]
    made = {
        "own": list(direction_cells(rows, settings_of(config, "own").cells)),
        "words": list(prefill_cells(["a b c d"], settings_of(config, "words").cells)),
    }
    for attack, cells in made.items():
        assert attacks.cell_count(config, attack, config.attacks[attack]) == len(cells)
    assert {attack: len(cells) for attack, cells in made.items()} == {"own": 9, "words": 6}
    assert attacks.cell_count(config, "own", config.capability.attacks["own"]) == 15
    assert attacks.cell_count(config, "magnitude", config.attacks["magnitude"]) == 3 * 4 * 3


def test_a_search_computes_more_with_each_phase(config):
    catalog = {"organism": {("identification", category): 40 for category in
               (*config.identification.unsafe.categories, "benign", "lookalike")}}  # fmt: skip
    work = JobWork(config, catalog)
    three = work.refusal_directions("organism", "own")
    one = config.attack.attacks["own"].model_copy(update={"phases": 1})
    config.attack.attacks["own"] = one
    assert three.flops > 2 * JobWork(config, catalog).refusal_directions("organism", "own").flops


def test_targets_checkpoints_and_figures_are_of_attacks_on_neurons(config):
    assert attacks.targets(config) == ["es", "sas", "es+sas"]
    assert attacks.models_drawn(config) == ["organism"]
    alone = load_config({"run": {"models": ["organism"], "attacked": ["organism"],
                                 "attacks": ["own"]}, "attack": {"attacks": ATTACKS},
                         "report": {"case_studies": {"count": 0}}})  # fmt: skip
    assert attacks.models_drawn(alone) == []
    assert attacks.targets(alone) == []
