"""Each stage gets just the keys that it uses."""

import pytest

from safeneuron.config.load import ConfigError, load_config
from safeneuron.data.prompt_settings import HubPrompts
from safeneuron.experiment import stages
from safeneuron.experiment.states import State
from safeneuron.organism.settings import (
    OrganismModel,
    Pretrain,
    PretrainSettings,
    TuneSettings,
    ValidateSettings,
)


def test_an_organism_is_pretrained_by_its_shape_and_the_settings_that_all_sizes_share():
    shape = {"kind": "organism", "layers": 2, "hidden": 32, "intermediate": 64, "heads": 2}
    raw = {"models": {"organism": shape}, "run": {"models": ["organism"]}}
    settings = PretrainSettings(**stages.pretrained(load_config(raw), "organism", 3))
    assert settings.size == OrganismModel(**shape)
    assert (settings.pretrain, settings.seed) == (Pretrain(), 3)


def test_an_estimate_of_a_data_sets_size_is_no_setting_of_its_download():
    entry = {"kind": "hub", "hub": {"id": "a/b"}, "text": "q", "constant_category": "c"}
    raw = {"datasets": {"organism": {"kind": "organism"}, "mine": {**entry, "prompts": 7}}}
    settings = stages.dataset_source(load_config(raw), "mine")
    assert settings["dataset"] == "mine"
    assert HubPrompts(**settings) == HubPrompts(dataset="mine", source=entry)


def test_what_a_missed_gate_leads_to_tunes_nothing_again():
    kept = load_config({"organism": {"gate": {"when_missed": "keep"}}})
    assert stages.tuned(kept, 0) == stages.tuned(load_config({}), 0)
    stricter = load_config({"organism": {"gate": {"refusal": 0.99}}})
    assert TuneSettings(**stages.tuned(stricter, 0)).until.refusal == 0.99


def test_an_aligned_state_that_misses_its_gate_is_kept_whatever_t0_would_be():
    for number, when_missed in ((0, "fail"), (1, "keep")):
        state = State("organism", "freeze" if number else "base", number, 0)
        settings = ValidateSettings(**stages.validated_organism(load_config({}), state))
        assert settings.gate.when_missed == when_missed


def test_organisms_alone_have_a_gate():
    config = checkpoints()
    assert (stages.has_gate(config, "organism"), stages.has_gate(config, "mine")) == (True, False)


def test_a_checkpoint_folder_is_not_pretrained():
    config = load_config(
        {
            "models": {"mine": {"kind": "local", "path": "somewhere"}},
            "run": {"models": ["mine"], "attacked": [], "aligned": []},
        }
    )
    with pytest.raises(ValueError, match=r"models\.mine is not an organism"):
        stages.pretrained(config, "mine", 0)


def checkpoints(**keys):
    """A configuration with a hub checkpoint `mine`, and one rule of each kind."""
    entry = {"kind": "hub", "id": "a/b", "revision": None, "parameters": 7, **keys}
    rules = {
        "paper": {"kind": "thresholds", "es": 3.0, "sas": 2.0},
        "share": {"kind": "fraction", "fraction": 0.1},
    }
    selections = {name: {"pooling": "max", "rule": rule} for name, rule in rules.items()}
    return load_config(
        {
            "models": {"mine": entry, "organism": {"kind": "organism"}},
            "run": {"models": ["mine", "organism"], "attacked": [], "aligned": []},
            "identification": {"selections": selections},
            "align": {"selections": ["paper"]},
            "attack": {"attacks": {}},
        }
    )


def test_a_models_thresholds_replace_those_of_a_selection():
    config = checkpoints(thresholds={"es": 2.0, "sas": 1.5})
    own = {"kind": "thresholds", "es": 2.0, "sas": 1.5}
    general = {"kind": "thresholds", "es": 3.0, "sas": 2.0}
    assert stages.selection_rule(config, "mine", "paper") == own
    assert stages.selection_rule(config, "organism", "paper") == general
    assert stages.selection_rule(checkpoints(), "mine", "paper") == general


def test_a_selection_by_count_is_the_same_on_every_model():
    config = checkpoints(thresholds={"es": 2.0, "sas": 1.5})
    for model in ("mine", "organism"):
        rule = stages.selection_rule(config, model, "share")
        assert rule == {"kind": "fraction", "fraction": 0.1}


def test_a_checkpoint_is_not_fetched_again_for_its_thresholds_or_its_size():
    config = checkpoints(thresholds={"es": 2.0, "sas": 1.5})
    assert stages.checkpoint_source(config, "mine") == {
        "id": "a/b", "revision": None, "dtype": "bfloat16", "system_prompt": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("id", "no-owner"),
        ("id", "https://huggingface.co/a/b"),
        ("revision", "main"),
        ("revision", "0123456"),
        ("parameters", 0),
    ],
)
def test_a_hub_entry_that_cannot_be_right_is_refused_without_network(key, value):
    with pytest.raises(ConfigError, match=rf"models\.mine\.{key}: .*found: {value!r}"):
        checkpoints(**{key: value})


def judged_by(*judges, attacked=("organism",), veto=False):
    """A configuration with two model judges in the registry, of which some are used."""
    registry = {
        "guard": {"kind": "llama_guard", "model": "mine", "keyword_veto": veto},
        "cls": {"kind": "harmbench", "model": "other"},
    }
    return load_config(
        {
            "models": {
                "organism": {"kind": "organism"},
                "mine": {"kind": "local", "path": "a"},
                "other": {"kind": "local", "path": "b"},
            },
            "run": {"models": ["organism"], "attacked": list(attacked), "aligned": []},
            "attack": {"judges": list(judges), "model_judges": registry},
        }
    )


def test_model_judges_are_those_that_the_run_uses():
    assert list(stages.model_judges(judged_by("oracle", "guard"))) == ["guard"]
    assert stages.model_judges(judged_by("oracle")) == {}
    assert stages.model_judges(judged_by("guard", attacked=())) == {}


def test_a_veto_is_a_judge_after_the_others():
    config = judged_by("guard", "oracle", veto=True)
    assert stages.all_judges(config) == ["guard", "oracle", "guard_veto"]
    assert stages.vetoed_judges(config) == {"guard_veto": "guard"}
    assert stages.all_judges(judged_by("guard", "oracle")) == ["guard", "oracle"]


def test_only_the_harmbench_classifier_needs_no_chat_template():
    config = judged_by("guard", "cls")
    models = ("organism", "mine", "other")
    assert [stages.uses_chat_template(config, name) for name in models] == [True, True, False]
