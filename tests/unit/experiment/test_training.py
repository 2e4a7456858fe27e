"""Which sets, checkpoints and settings a round of alignment has."""

import pytest

from safeneuron.alignment.arms.registry import ARMS
from safeneuron.config.load import ConfigError, load_config
from safeneuron.experiment.paths import Paths
from safeneuron.experiment.states import State, states
from safeneuron.experiment.training import (
    acting_states,
    align_settings,
    direction_prompts,
    previous_checkpoint,
    protected_sets,
    reference_table,
    training_of,
)

PATHS = Paths("r")
T2 = State("organism", "freeze", 2, 4)


def config(**align):
    arms = list(align.get("arms", {"freeze": None}))
    run = {"aligned": ["organism"], "arms": arms}
    return load_config({"run": run, "align": {"rounds": 2, **align}})


def test_a_round_starts_from_the_one_before_and_the_first_from_the_base():
    assert previous_checkpoint(PATHS, T2) == "r/models/organism/freeze/T1/s4/checkpoint.json"
    first = T2._replace(round=1)
    assert previous_checkpoint(PATHS, first) == "r/models/organism/base/T0/s4/checkpoint.json"


@pytest.mark.parametrize(
    ("accumulate", "rounds"), [(True, ["base/T0", "freeze/T1"]), (False, ["freeze/T1"])]
)
def test_a_round_protects_the_sets_of_all_rounds_before_or_of_the_last(accumulate, rounds):
    sets = protected_sets(config(accumulate=accumulate, selections=["magnitude"]), PATHS, T2)
    assert sets == [f"r/sets/organism/{r}/s4/magnitude/overall.parquet" for r in rounds]


def test_plain_dpo_and_t0_act_on_no_neurons():
    arms = ["dpo", "freeze", "random_ablate", "sn_tune"]
    run = {"aligned": ["organism"], "attacked": ["organism"], "arms": arms}
    of_run = load_config({"run": run, "align": {"rounds": 1}})
    acting = acting_states(of_run, states(of_run, ["organism"]))
    assert [(s.arm, s.round) for s in acting] == [(arm, 1) for arm in arms[1:]]


def test_an_arms_and_a_rounds_overrides_go_over_the_common_training():
    changed = config(
        training={"steps": 40, "learning_rate": 1e-4},
        arms={"half": {"method": "freeze", "data_fraction": 0.5, "training": {"kl_weight": 3.0}}},
        overrides={2: {"learning_rate": 2e-4}},
    )
    common = changed.align.training
    training = training_of(changed, State("organism", "half", 2, 0))
    assert (training.steps, training.kl_weight, training.learning_rate) == (20, 3.0, 2e-4)
    assert training.batch_pairs == common.batch_pairs
    assert training_of(changed, State("organism", "half", 1, 0)).learning_rate == 1e-4


def test_a_term_of_the_loss_that_runs_the_reference_needs_no_table_of_it():
    assert reference_table(config(training={"kl_weight": 1.0}), PATHS, T2) == []
    assert reference_table(config(training={"kl_weight": 0.0}), PATHS, T2) == [
        "r/reference/organism/freeze/T1/s4.parquet"
    ]


@pytest.mark.parametrize(
    ("training", "trains_again"),
    [
        ({"save_every": 3}, False),
        ({"gpus": 2}, False),
        ({"learning_rate": 1e-4}, True),
        ({"precision": "bfloat16"}, True),
    ],
)
def test_settings_that_no_number_depends_on_train_nothing_again(training, trains_again):
    common = {"parallel": "ddp", "gpus": 1, "accumulation": 2}
    before, after = (
        align_settings(config(training=common | changes), T2).model_dump(mode="json")
        for changes in ({}, training)
    )
    assert (before != after) is trains_again
    assert not {"gpus", "save_every"} & before["training"].keys()


def of_method(method, **arm):
    return config(arms={"mine": {"method": method, **arm}}), State("organism", "mine", 1, 0)


@pytest.mark.parametrize("method", ["direction_ablate", "ablate_all", "harden"])
def test_prompts_are_read_where_directions_are_removed_with_the_identifications_rows(method):
    of, state = of_method(method, direction_probability=0.25, direction_refresh=3)
    for side in ("unsafe", "safe"):
        assert direction_prompts(of, PATHS, state, side) == ["r/prompts/organism.parquet"]
    found = align_settings(of, state).direction
    assert (found.probability, found.refresh, found.prompts) == (0.25, 3, 32)
    assert found.unsafe.model_dump() == of.identification.unsafe.rows()
    assert found.safe.model_dump() == of.identification.safe.rows()


@pytest.mark.parametrize("method", ["dpo", "freeze_ablate", "recover"])
def test_other_arms_read_no_prompts(method):
    of, state = of_method(method)
    assert direction_prompts(of, PATHS, state, "unsafe") == []
    assert align_settings(of, state).direction is None


def test_an_arm_simulates_in_its_own_shares_of_the_steps_or_in_those_said():
    own = align_settings(*of_method("harden"))
    assert own.shares == ARMS["harden"].shares
    said = {"zeroing_probability": 0.1, "prefill_probability": 0.0, "prefill_tokens": 9}
    settings = align_settings(*of_method("harden", **said))
    assert settings.shares == {"neurons": 0.1, "direction": 0.4, "prefill": 0.0}
    assert settings.prefill.tokens == 9
    assert align_settings(*of_method("ablate")).zeroing_probability == 0.5


def test_forced_words_run_the_reference_also_without_a_kl_term():
    of = {"training": {"kl_weight": 0.0}}
    recover, state = {"method": "recover"}, State("organism", "mine", 1, 0)
    never = recover | {"prefill_probability": 0.0}
    for arm, tables in ((recover, 0), (never, 1), ({"method": "dpo"}, 1)):
        assert len(reference_table(config(arms={"mine": arm}, **of), PATHS, state)) == tables


def test_the_gate_trains_nothing_again():
    settings = align_settings(config(), T2)
    assert "gate" not in type(settings).model_fields
    assert settings.state.model_dump() == T2._asdict()


@pytest.mark.parametrize(
    ("training", "unit"), [({"steps": 5}, "epochs"), ({"steps": None, "epochs": 2.0}, "steps")]
)
def test_an_override_counts_what_the_training_counts(training, unit):
    with pytest.raises(ConfigError, match=rf"align.overrides.2.{unit}: 3.*but align.training"):
        config(training=training, overrides={2: {unit: 3}})
