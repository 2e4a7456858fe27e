"""Who undergoes which attack, and from which files and settings."""

import json

import pytest

from safeneuron.config.load import ConfigError, load_config
from safeneuron.experiment import attacks, curves
from safeneuron.experiment.attacks import Answered
from safeneuron.experiment.paths import Paths
from safeneuron.experiment.states import State
from safeneuron.interventions.settings import AttackedCheckpointSettings, AttackSettings

PATHS = Paths("results/mine")
T0, T2 = State("organism", "base", 0, 3), State("organism", "freeze", 2, 3)
ALIGNED = {
    "seeds": [3, 5],
    "run": {"models": ["organism"], "attacked": ["organism"], "aligned": ["organism"],
            "arms": ["freeze"]},
    "align": {"rounds": 2},
}  # fmt: skip


@pytest.fixture
def config():
    return load_config(ALIGNED)


@pytest.mark.parametrize(
    ("state", "names"),
    [
        (T0, ["clean", "magnitude", "paper", "static"]),
        (T2, ["clean", "magnitude", "static"]),  # the paper's is of arm base alone
    ],
)
def test_a_state_undergoes_the_attacks_that_name_it_and_none_at_all(config, state, names):
    assert attacks.attacks_on(config, state) == names


@pytest.mark.parametrize(
    ("changes", "drawn"),
    [
        ({}, True),
        ({"arms": ["freeze"]}, False),
        ({"rounds": [1, 2]}, False),
        ({"source": "static"}, False),
        ({"models": ["organism"]}, True),
        ({"models": ["organism-small"]}, False),
    ],
    ids=str,
)
def test_the_attack_figure_is_of_models_whose_t0_is_attacked(changes, drawn):
    attack = {"selection": "magnitude", **changes}
    shown = {"selection": "magnitude", "models": ["organism-large"]}
    run = {**ALIGNED["run"], "models": ["organism", "organism-large"], "attacks": ["one", "shown"]}
    run["attacked"] = ["organism", "organism-large"]
    settings = {
        "run": run,
        "attack": {"attacks": {"one": attack, "shown": shown}},
        "report": {"case_studies": {"attack": "shown"}},
    }
    models = attacks.models_drawn(load_config(ALIGNED | settings))
    assert ("organism" in models) is drawn
    assert "organism-large" in models


def test_each_benchmark_is_a_file_of_its_own_and_clean_is_asked_once_a_state(config):
    answered = [one for one in attacks.answered(config) if one.state == T2]
    assert answered == [
        Answered(T2, attack, benchmark)
        for attack in ("clean", "magnitude", "static")
        for benchmark in ("harmful", "benign")
    ]
    assert attacks.verdicts(config, PATHS, answered[:1]) == [
        f"results/mine/verdicts/organism/freeze/T2/s3/clean/harmful/{judge}.parquet"
        for judge in ("oracle", "refusal_prefix")
    ]


def test_a_static_attack_takes_the_neurons_of_t0(config):
    found = {
        attack: attacks.neuron_sets(config, PATHS, T2, attack)
        for attack in ("clean", "magnitude", "static")
    }
    assert found == {
        "clean": [],
        "magnitude": ["results/mine/sets/organism/freeze/T2/s3/magnitude/overall.parquet"],
        "static": ["results/mine/sets/organism/base/T0/s3/magnitude/overall.parquet"],
    }


def test_scores_are_read_only_where_a_fraction_is_attacked(config):
    some, none = (
        {"paper": config.attack.attacks["paper"].model_copy(update={"fractions": fractions})}
        for fractions in ([0.1], [])
    )
    assert attacks.rankings(config, PATHS, T0, "paper", some) == [
        "results/mine/scores/organism/base/T0/s3/max/overall.parquet"
    ]
    assert attacks.rankings(config, PATHS, T2, "static", {"static": some["paper"]}) == [
        "results/mine/scores/organism/base/T0/s3/meanabs/overall.parquet"
    ]
    assert attacks.rankings(config, PATHS, T0, "paper", none) == []
    assert attacks.rankings(config, PATHS, T0, "clean", some) == []


@pytest.mark.parametrize("attack", ["clean", "magnitude"])
def test_settings_are_those_of_the_stage(config, attack):
    raw = attacks.attack_settings(config, T0, attack, "harmful")
    settings = AttackSettings.model_validate(json.loads(json.dumps(raw)))
    assert (settings.attack, settings.question.role) == (attack, "harmful")
    if attack == "clean":
        assert settings.cells is settings.pooling is settings.set_source is None
    else:
        assert settings.cells.targets == ["es", "sas", "es+sas"]
        assert (settings.pooling, settings.set_source) == ("meanabs", "adaptive")


@pytest.mark.parametrize(("extent", "fraction"), [("whole", None), ("0.05", 0.05)])
def test_an_attacked_checkpoint_is_one_cell(config, extent, fraction):
    raw = attacks.attacked_checkpoint_settings(config, T2, "static", "es+sas", extent)
    settings = AttackedCheckpointSettings.model_validate(json.loads(json.dumps(raw)))
    assert (settings.target, settings.fraction) == ("es+sas", fraction)
    assert settings.operator.kind == "zero_ablate"
    of_t0 = ["results/mine/scores/organism/base/T0/s3/meanabs/overall.parquet"]
    assert attacks.ranking(config, PATHS, T2, "static", extent) == (of_t0 if fraction else [])


def test_targets_of_attacks_are_named_once(config):
    assert attacks.targets(config) == ["es", "sas", "es+sas"]


def test_case_studies_are_of_t0_and_the_last_round_clean_and_attacked(config):
    cases = attacks.case_studies(config)
    assert [one for one, _ in cases if one.state.seed == 3] == [
        Answered(state, attack, "harmful")
        for state in (T0, T2)
        for attack in ("clean", "magnitude")
    ]
    assert {judge for _, judge in cases} == {"oracle"}


def test_no_case_studies_are_drawn_where_none_are_wanted():
    none = {"report": {"case_studies": {"count": 0, "attack": "static"}}}  # could show none
    assert attacks.case_studies(load_config(ALIGNED | none)) == []


def test_shown_verdicts_are_of_the_first_judge_of_what_a_model_is_asked(config):
    answers = [Answered(T2, "clean", name) for name in ("harmful", "benign")]
    assert attacks.shown_verdicts(config, PATHS, answers) == [
        f"results/mine/verdicts/organism/freeze/T2/s3/clean/{name}/oracle.parquet"
        for name in ("harmful", "benign")
    ]
    assert len(attacks.verdicts(config, PATHS, answers)) == 4  # of two judges


def test_no_state_of_another_round_is_asked_anything():
    run = {"models": ["organism"], "attacked": ["organism"], "aligned": ["organism"]}
    config = load_config({"run": run, "attack": {"rounds": [0, 2]}, "align": {"rounds": 3}})
    assert {one.state.round for one in attacks.answered(config)} == {0, 2}
    assert {state.round for state in attacks.attacked_states(config)} == {0, 2}
    assert attacks.attacks_on(config, State("organism", "dpo", 1, 0)) == ["clean"]


def test_the_rounds_that_are_asked_have_t0_among_them():
    with pytest.raises(ConfigError, match=r"attack.rounds: \[3\] lacks 0"):
        load_config({"attack": {"rounds": [3]}})


@pytest.mark.parametrize(
    ("attack", "has"),
    [
        ({"kind": "taylor"}, False),  # on neurons, as `single` and `iterative` are
        ({"kind": "single"}, False),
        ({"kind": "iterative", "selection": "magnitude"}, False),
        ({"kind": "direction"}, True),
        ({"kind": "prefill", "text": "sure"}, True),
        ({"kind": "relearn"}, True),
        ({"kind": "relearn", "arms": ["freeze"], "rounds": [3]}, False),  # there are two rounds
    ],
    ids=str,
)
def test_curves_are_of_models_that_undergo_attacks_on_something_else_than_neurons(attack, has):
    shown = {"report": {"case_studies": {"count": 0}}, "attack": {"attacks": {"one": attack}}}
    config = load_config(ALIGNED | shown)
    assert curves.models_on_curves(config) == (["organism"] if has else [])


def audited(**changes):
    """A configuration with an attack and the one from the other end, but for some changes."""
    both = {"selection": "magnitude", "fractions": [0.1, 0.2]}
    attacks_ = {"magnitude": both, "low": {**both, "order": "least", **changes}}
    return load_config(ALIGNED | {"run": {**ALIGNED["run"], "attacks": [*attacks_]},
                                  "attack": {"attacks": attacks_}})  # fmt: skip


def test_attacks_that_differ_in_their_order_alone_are_audited(config):
    pair = {"selection": "magnitude", "most": "magnitude", "least": "low"}
    assert curves.audited_rankings(audited()) == [pair]
    assert curves.models_audited(audited()) == ["organism"]
    for changes in ({"fractions": [0.1]}, {"targets": ["es"]}, {"random_controls": 1}):
        assert curves.audited_rankings(audited(**changes)) == []
    assert curves.audited_rankings(config) == curves.models_audited(config) == []


def test_an_attack_from_the_bottom_needs_the_ranking_for_the_whole_set_too():
    config = audited(fractions=[])
    scores = ["results/mine/scores/organism/base/T0/s3/meanabs/overall.parquet"]
    assert attacks.rankings(config, PATHS, T0, "low", config.attack.attacks) == scores
    assert attacks.ranking(config, PATHS, T0, "low", "whole") == scores
    raw = attacks.attack_settings(config, T0, "low", "harmful")
    assert AttackSettings.model_validate(json.loads(json.dumps(raw))).cells.order == "least"
    raw = attacks.attacked_checkpoint_settings(config, T2, "low", "es", "whole")
    assert AttackedCheckpointSettings.model_validate(json.loads(json.dumps(raw))).order == "least"
