"""From which files attacks on the weights are made, what they need, and what is refused at once."""

import json
import re

import pytest

import tiny
from safeneuron.config.load import ConfigError, load_config
from safeneuron.config.schema.experiment import Config
from safeneuron.experiment import attack_cells, attacks, mixes, predecessors
from safeneuron.experiment.checks import check_inputs
from safeneuron.experiment.paths import Paths
from safeneuron.experiment.states import State
from safeneuron.experiment.weight_checks import check_weight_attacks
from safeneuron.experiment.work import JobWork
from safeneuron.interventions.settings import AttackSettings, FineTuneCells, InterpolateCells

PATHS = Paths("results/mine")
T2 = State("organism", "freeze", 2, 3)
ATTACKS = {
    "magnitude": {"selection": "magnitude"},
    "back": {"kind": "interpolate", "strengths": [0.5, 1.0], "random_controls": 3},
    "again": {"kind": "relearn", "steps": [5, 10, 20]},
    "plain": {"kind": "benign_tune", "steps": [7], "learning_rate": 1e-3, "seed": 4},
}
DEFAULTS = Config().model_dump()
ORGANISMS, ORGANISM = DEFAULTS["models"], {"organism": {"kind": "organism"}}
HUB = {"kind": "hub", "id": "a/b", "revision": None, "parameters": 1_000_000}
PAIRS = {"kind": "file", "path": "pairs.csv", "role": "safety"}


def load(models=None, attacked=("organism",), attack=ATTACKS, **sections):
    return load_config(
        {
            "models": ORGANISMS | (models or {}),
            "report": {"case_studies": {"count": 0}},
            "run": {"models": [*attacked], "attacked": [*attacked], "attacks": [*attack]},
            "attack": {"attacks": attack},
            **sections,
        }
    )


def test_what_is_acted_on_is_read_from_the_files_of_its_kind():
    config = load()
    found = {
        name: attacks.target_files(config, PATHS, T2, name, config.attacks)
        for name in ("back", "again", "plain")
    }
    own = "results/mine/models/organism/freeze/T2/s3/checkpoint.json"
    pairs = "results/mine/preferences/organism.parquet"
    assert found == {
        "back": ["results/mine/models/organism/pretrained/s3/checkpoint.json"],
        "again": [own, pairs],
        "plain": [own, pairs],
    }


def test_settings_are_those_of_the_kind_and_cells_are_counted():
    config = load()
    made = {}
    for name in ("back", "again", "plain"):
        raw = attacks.attack_settings(config, T2, name, "harmful")
        settings = AttackSettings.model_validate(json.loads(json.dumps(raw)))
        assert (settings.pooling, settings.set_source) == (None, None)
        made[name] = settings.cells
    assert isinstance(made["back"], InterpolateCells)
    assert isinstance(made["again"], FineTuneCells)
    assert made["back"].operator.strengths == [0.5, 1.0]
    plain = made["plain"].operator
    assert (plain.kind, plain.steps, plain.learning_rate, plain.seed) == (
        "benign_tune", [7], 1e-3, 4
    )  # fmt: skip
    count = {n: attack_cells.cell_count(config, n, config.attacks[n]) for n in made}
    assert count == {"back": 2 * 4, "again": 3 * 2, "plain": 2}


def test_a_named_model_and_what_a_tuned_one_was_are_gone_toward():
    prompts = {"kind": "file", "path": "p.csv"}
    side = {"datasets": ["p"]}
    tuned = {
        "kind": "tuned",
        "base": "raw",
        "safety_tuning": {"harmful": side, "harmless": side},
        "gate": {"harmful": side, "harmless": side},
    }
    attack = ATTACKS | {"far": {"kind": "interpolate", "toward": "other"}}
    config = load({"raw": HUB, "other": HUB, "mine": tuned}, ["mine"], attack,
                  datasets=ORGANISM | {"p": prompts})  # fmt: skip
    state = State("mine", "dpo", 1, 2)
    back, far = (
        attacks.target_files(config, PATHS, state, name, config.attacks) for name in ("back", "far")
    )
    assert back == ["results/mine/models/raw/base/T0/s2/checkpoint.json"]
    assert far == ["results/mine/models/other/base/T0/s2/checkpoint.json"]
    assert predecessors.named(config) == ["other"]


def test_the_pairs_that_attacks_learn_are_compared_with_what_is_held_out():
    assert attacks.learning(load()) == ["organism"]
    assert mixes.compared(load(), attacks.learning(load())) == ["preferences"]
    assert attacks.learning(load(attack={k: ATTACKS[k] for k in ("magnitude", "back")})) == []
    none = {name: one | {"models": ["organism-small"]} for name, one in ATTACKS.items()}
    assert attacks.learning(load(attack=none)) == []


def test_jobs_ask_for_what_they_hold_and_compute():
    config = load()
    work = JobWork(config, {"organism": {("evaluation", "violence"): 20}})
    asked = {name: work.attack("organism", name, "harmful") for name in ("clean", *ATTACKS)}
    parameters = work.size_of("organism").parameters
    assert asked["back"].host == asked["again"].host == 4 * parameters  # to put back
    assert asked["clean"].host == 0
    assert asked["again"].bytes >= 20 * parameters  # with what is trained, and its gradients
    training = {n: asked[n].flops - asked["clean"].flops * c for n, c in (("again", 6),
                ("plain", 2))}  # fmt: skip
    assert training["again"] == pytest.approx(training["plain"] * 20 / 7, rel=1e-6)


def refusal(config):
    with pytest.raises(ConfigError) as error:
        check_weight_attacks(config, {})
    return str(error.value)


def test_a_model_without_a_known_predecessor_is_refused():
    told = refusal(load({"raw": HUB}, ["raw"]))
    assert told.startswith("attack.attacks.back.toward: null takes the model before its safety")
    assert "'raw' is of kind 'hub'; name the model before its alignment, a key of 'models'" in told
    named = ATTACKS | {"back": {"kind": "interpolate", "toward": "othr"}}
    with pytest.raises(ConfigError, match=r"back\.toward: 'othr' is not in 'models', did you mean"):
        load({"raw": HUB, "other": HUB}, ["raw"], named)
    trained = {"back": {"kind": "interpolate", "toward": "organism-large"}}
    assert "'organism-large' is trained by the workflow, but not in run.models" in refusal(
        load(attack=trained)
    )


def test_a_model_of_another_size_is_refused(tmp_path):
    both = ["organism", "organism-large"]
    attack = {"back": {"kind": "interpolate", "toward": "organism-large", "models": ["organism"]}}
    told = "have other names or shapes than those of 'organism'; name a model of the same"
    assert told in refusal(load(attacked=both, attack=attack))
    for name, layers in (("one", 2), ("two", 2), ("deep", 3)):
        tiny.build(layers=layers).save_pretrained(tmp_path / name)
    local = {n: {"kind": "local", "path": str(tmp_path / n)} for n in ("one", "two", "deep")}
    deep, same = (
        load(local, ["one"], {"back": {"kind": "interpolate", "toward": toward}})
        for toward in ("deep", "two")
    )
    assert "the weights of 'deep' have other names or shapes than those of 'one'" in refusal(deep)
    check_weight_attacks(same, {})


def test_a_model_that_sees_images_is_not_interpolated(tmp_path):
    tiny.build().save_pretrained(tmp_path / "one")
    local = {name: {"kind": "local", "path": str(tmp_path / "one")} for name in ("one", "two")}
    config = load(local, ["one"], {"back": {"kind": "interpolate", "toward": "two"}})
    check_weight_attacks(config, {})
    about = tmp_path / "one" / "config.json"
    about.write_text(json.dumps(json.loads(about.read_text()) | {"vision_config": {}}))
    told = refusal(config)
    assert "the files of 'one', which sees images, have others; name models of text alone" in told


@pytest.mark.parametrize("kind", ["relearn", "benign_tune"])
def test_pairs_must_be_text_in_the_models_language(kind):
    attack = {"mine": {"kind": kind}}
    told = refusal(load({"raw": HUB}, ["raw"], attack))
    assert told == (
        "attack.attacks.mine tunes 'raw' on the pairs of align.preferences.sources: 'organism' is "
        "in the organism's language, which 'raw' does not speak; name sources of pairs of yours "
        "there"
    )
    pairs = ORGANISM | {"seen": PAIRS | {"image": "picture"}}
    own = {"preferences_of": {"raw": {"sources": ["seen"]}}}
    told = refusal(load({"raw": HUB}, ["raw"], attack, preferences=pairs, align=own))
    assert re.search(r"align\.preferences_of\.raw\.sources: 'seen' has images", told)
    text = load({"raw": HUB}, ["raw"], attack, preferences=ORGANISM | {"mine": PAIRS},
                align={"preferences": {"sources": ["mine"]}})  # fmt: skip
    check_weight_attacks(text, {})


def test_tuning_that_needs_several_gpus_is_refused():
    attack = {"mine": {"kind": "relearn"}}
    sources = {"preferences": {"mine": PAIRS}, "align": {"preferences": {"sources": ["mine"]}}}
    asked = {"dataset": "p", "role": "harmful", "models": ["raw"]}
    settings = DEFAULTS | sources | {
        "models": ORGANISMS | {"raw": HUB | {"parameters": 8_000_000_000}},
        "run": {"models": ["raw"], "attacked": ["raw"], "benchmarks": ["b"]},
        "attack": {"attacks": attack, "benchmarks": {"b": asked}},
        "datasets": ORGANISM | {"p": {"kind": "file", "path": "p.csv"}},
        "report": {"case_studies": {"count": 0}},
    }  # fmt: skip
    catalog = {"p": {("evaluation", "all"): 10}}
    with pytest.raises(ConfigError, match=r"mine: tuning 'raw' needs \d+ GB on one GPU, and comp"):
        check_weight_attacks(load_config(settings), catalog)
    settings["compute"] = settings["compute"] | {"gpu": {"memory_gb": 400.0}}
    check_weight_attacks(load_config(settings), catalog)


def test_the_first_second_has_these_checks(tmp_path):
    attack = {"back": {"kind": "interpolate", "toward": "organism-large", "models": ["organism"]}}
    config = load(attacked=["organism", "organism-large"], attack=attack)
    with pytest.raises(ConfigError, match="have other names or shapes"):
        check_inputs(config, tmp_path)


@pytest.mark.parametrize("kind", ["interpolate", "relearn", "benign_tune"])
def test_capability_is_not_measured_under_them(kind):
    with pytest.raises(ConfigError, match=rf"'mine' is of kind '{kind}', on the weights"):
        load(attack={"mine": {"kind": kind}}, capability={"attacks": {"mine": {}}})
