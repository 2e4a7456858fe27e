"""Which models have a matrix of arms against attacks, and what must be there for it."""

import pytest

from safeneuron.config.load import ConfigError, load_config
from safeneuron.config.schema.experiment import Config
from safeneuron.experiment import matrix
from safeneuron.experiment.checks import check_inputs
from safeneuron.experiment.contrasts import at_fraction, primary_contrasts, within_bound
from safeneuron.experiment.states import State
from safeneuron.results.settings import PrimaryContrast
from unit.config.test_shipped import laid_over, shipped
from unit.experiment.refusals import refusal

CHOSEN = {"harmful": {"choose_on": "validation"}, "benign": {"choose_on": "validation"}}
RUN = {"models": ["organism"], "attacked": ["organism"], "aligned": ["organism"]}


def raw(benchmarks=CHOSEN, **sections):
    attack = {"benchmarks": benchmarks, "judges": ["oracle"], **sections.pop("attack", {})}
    return laid_over(Config().model_dump(), {"run": RUN, "attack": attack, **sections})


def only(**attacks):
    """A configuration with these attacks and no others."""
    run, report = {**RUN, "attacks": [*attacks]}, {"case_studies": {"count": 0}}
    return raw(run=run, report=report, attack={"attacks": attacks})


def test_no_model_has_one_unless_attacks_are_chosen_on_prompts_of_their_own():
    assert matrix.models(load_config({})) == []
    assert matrix.models(load_config(raw())) == ["organism"]
    with pytest.raises(ConfigError, match="no benchmark has 'choose_on'"):
        matrix.needed(load_config({}))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (raw({"harmful": {"choose_on": "validation"}}), "attack.benchmarks.benign.choose_on: null"),
        (raw({"benign": {"choose_on": "validation"}}), "attack.benchmarks.harmful.choose_on: null"),
        (raw(run={**RUN, "benchmarks": ["harmful"]}), "is asked no safe prompts"),
        (raw(attack={"judges": ["refusal_prefix", "oracle"]}), "put 'oracle' first"),
        (raw(run={**RUN, "attacks": ["static"]}, report={"case_studies": {"count": 0}}),
         "no adaptive attack is made on 'organism'"),
        (only(early={"kind": "taylor", "rounds": [0]}, late={"kind": "taylor", "rounds": [1, 2]}),
         "have none; give one of early, late the 'arms' and 'rounds' of all others"),
        (only(once={"kind": "taylor", "source": "static"}, weights={"kind": "interpolate"}),
         "no adaptive attack is made on 'organism'"),
    ],
)  # fmt: skip
def test_what_a_choice_within_a_bound_needs_is_asked_for_before_any_job(settings, said, tmp_path):
    assert said in refusal(settings, tmp_path)


@pytest.mark.parametrize(
    "attack",
    [
        {"kind": "taylor"},
        {"kind": "single"},
        {"kind": "iterative", "selection": "magnitude"},
        {"kind": "direction"},
        {"kind": "prefill", "text": "sure"},
    ],
    ids=lambda attack: attack["kind"],
)
def test_every_kind_on_a_model_as_it_is_may_be_chosen(attack, tmp_path):
    config = load_config(only(one=attack))
    check_inputs(config, tmp_path)
    assert matrix.attacked_rounds(config, "organism", "dpo") == [1, 2, 3]


def test_attacks_that_an_arm_is_trained_against_are_called_as_in_the_tables():
    assert matrix.simulates(load_config(raw())) == {
        "dpo": [], "freeze": [], "freeze_ablate": ["neurons"],
    }  # fmt: skip


def test_a_primary_contrast_without_a_fraction_is_the_worst_case_over_all_kinds():
    config = shipped("matrix.yaml")
    named = {"organism": PrimaryContrast(arm="harden", round=3, fraction=None)}
    assert primary_contrasts(config) == within_bound(config) == named
    assert at_fraction(config) == {}
    assert within_bound(shipped("seeds.yaml")) == {}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"benchmarks": {}}, "contrasts.primary.fraction: null is the worst case within"),
        ({"attack": {"rounds": [0, 2]}}, "not attacked in round 3; attacked rounds: 2"),
    ],
)
def test_a_contrast_that_the_run_does_not_make_cannot_be_the_primary_one(settings, said, tmp_path):
    primary = {"primary": {"arm": "freeze", "round": 3, "fraction": None}}
    assert said in refusal(raw(**settings, contrasts=primary), tmp_path)


def test_training_is_timed_where_models_are_trained():
    states = matrix.training_states(load_config(raw(align={"rounds": 1})))
    assert states == [State("organism", arm, 1, 0) for arm in ("dpo", "freeze", "freeze_ablate")]
    assert matrix.training_states(load_config({})) == []
