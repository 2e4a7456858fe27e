"""The contrast that is named before the run: what the run must make for it."""

from pathlib import Path

import pytest
import yaml

from safeneuron.config.load import ConfigError, load_config
from safeneuron.config.schema.experiment import Config
from safeneuron.experiment.checks import check_inputs
from safeneuron.experiment.contrasts import primary_contrasts
from safeneuron.results.settings import PrimaryContrast
from unit.config.test_shipped import laid_over

SEEDS = Path(__file__).parents[3] / "config" / "seeds.yaml"
NAMED = {"arm": "freeze", "round": "last", "fraction": 0.1}
RUN = {"models": ["organism"], "attacked": ["organism"], "aligned": ["organism"],
       "arms": ["dpo", "freeze"]}  # fmt: skip


def experiment(primary=NAMED, **settings):
    over = {"run": RUN, "align": {"rounds": 2}, **settings}
    return load_config(
        laid_over(Config().model_dump(), {**over, "contrasts": {"primary": primary}})
    )


def attack(**settings):
    """The default attacks, but for one."""
    return {"attack": {"attacks": {"magnitude": {"selection": "magnitude", **settings}}}}


def test_none_is_named_by_default():
    assert primary_contrasts(load_config({})) == {}


def test_the_last_round_is_each_models_own():
    models = ["organism", "organism-small"]
    config = experiment(
        run={**RUN, "models": models, "attacked": models, "aligned": models},
        align={"rounds": 2, "rounds_of": {"organism-small": 3}},
    )
    named = {"arm": "freeze", "fraction": 0.1}
    assert primary_contrasts(config) == {
        "organism": PrimaryContrast(round=2, **named),
        "organism-small": PrimaryContrast(round=3, **named),
    }


def test_five_seeds_name_freeze_ablate_against_plain_dpo_at_the_last_round():
    config = load_config(laid_over(Config().model_dump(), yaml.safe_load(SEEDS.read_text())))
    assert config.contrasts.baseline == "dpo"
    assert primary_contrasts(config) == {
        "organism": PrimaryContrast(arm="freeze_ablate", round=3, fraction=0.1)
    }


@pytest.mark.parametrize(
    ("primary", "settings", "message"),
    [
        (NAMED | {"arm": "freez"}, {}, "primary.arm: 'freez' is not in 'run.arms', did you mean"),
        (NAMED | {"arm": "ablate"}, {}, "primary.arm: 'ablate' is not in 'run.arms'; it has dpo"),
        (NAMED | {"arm": "dpo"}, {}, "primary.arm: 'dpo' is 'contrasts.baseline' itself"),
        (
            NAMED,
            {"run": {**RUN, "attacked": []}},
            "primary: no model that is in both 'run.aligned' and 'run.attacked' has the arms 'fr",
        ),
        (
            NAMED,
            {"align": {"rounds": 2, "arms": {"freeze": {"method": "freeze", "models": ["other"]}}},
             "models": {"other": {"kind": "organism"}},
             "run": {**RUN, "models": ["organism", "other"], "aligned": ["organism", "other"]}},
            "primary: no model that is in both",
        ),
        (NAMED | {"round": 3}, {}, "'freeze' of 'organism' in round 3; attacked rounds: 1, 2"),
        (NAMED, attack(rounds=[0, 1]), "'freeze' of 'organism' in round 2; attacked rounds: 1"),
        (NAMED, attack(arms=["base", "freeze"]), "'dpo' of 'organism' in round 2; attacked"),
        (NAMED, attack(fractions=[]), "attacked rounds: none"),
        # the static attack's 10 % do not count
        (NAMED, attack(fractions=[0.05]), "primary.fraction: no adaptive attack on a share of 0.1"),
        (NAMED | {"fraction": 0.15}, {}, "shares that are attacked: 0.05, 0.1, 0.2"),
        # that T0 has another attack of this share, and no state both, leaves nothing to compare
        (
            NAMED | {"fraction": 0.3},
            {"attack": {"attacks": {
                "paper": {"selection": "paper", "arms": ["base"], "fractions": [0.3]},
                "late": {"selection": "paper", "arms": ["dpo", "freeze"], "fractions": [0.3]},
            }}},
            "primary.fraction: no adaptive attack on a share of 0.3 is made on 'freeze' and on ",
        ),
    ],
)  # fmt: skip
def test_a_contrast_that_the_run_does_not_make_is_refused_before_it(
    primary, settings, message, tmp_path
):
    with pytest.raises(ConfigError) as caught:
        check_inputs(experiment(primary, **settings), tmp_path)
    assert message in str(caught.value) and str(caught.value).startswith("contrasts.primary")


def test_an_attack_by_gradients_on_that_share_is_one_too():
    config = experiment(
        NAMED | {"fraction": 0.3},
        attack={"attacks": {"late": {"kind": "taylor", "fractions": [0.3]}}},
    )
    named = PrimaryContrast(arm="freeze", round=2, fraction=0.3)
    assert primary_contrasts(config) == {"organism": named}


@pytest.mark.parametrize("baseline", ["base", "nothing"])
def test_the_baseline_of_a_primary_contrast_is_an_arm_of_the_run(baseline):
    config = experiment()
    other = config.contrasts.model_copy(update={"baseline": baseline})
    with pytest.raises(ConfigError, match=f"contrasts.baseline: '{baseline}' is not in 'run.arms'"):
        primary_contrasts(config.model_copy(update={"contrasts": other}))


@pytest.mark.parametrize("round_", ["first", 0, -1, 1.5])
def test_a_round_is_a_number_or_the_last(round_):
    with pytest.raises(ConfigError, match=r"contrasts\.primary\.round"):
        experiment(NAMED | {"round": round_})
