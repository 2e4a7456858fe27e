"""What the rules of safety tuning are handed, and what a tuned model is to the rest of a run."""

import json

import pytest

from safeneuron.config.load import load_config
from safeneuron.data.prompt_overlap import Compared
from safeneuron.data.refusals import REFUSALS
from safeneuron.experiment import attacks, benchmarks, identification, stages, tuning
from safeneuron.experiment.paths import Paths
from safeneuron.experiment.states import State
from safeneuron.experiment.work import JobWork
from safeneuron.tuning.settings import (
    BaseAnswersSettings,
    ExamplesSettings,
    SafetyTuneSettings,
    ValidateSettings,
)
from unit.config.messages import message
from unit.experiment.tuned_models import TUNED, TUNING, raw

PATHS = Paths("results/mine")


@pytest.fixture(scope="module")
def config():
    return load_config(raw())


def handed(settings, section):
    """What a stage reads of settings as the shell hands them on."""
    return section.model_validate(json.loads(json.dumps(settings)))


def test_the_tuned_models_of_the_run_and_their_bases(config):
    assert list(tuning.tuned_models(config)) == ["mine", "other"]
    assert tuning.bases(config) == ["raw", "raw2"]
    one_base = raw() | {"run": {"models": ["mine"], "attacked": [], "aligned": []}}
    assert tuning.bases(load_config(one_base)) == ["raw"]
    none = raw() | {"run": {"models": ["raw"], "attacked": [], "aligned": []}}
    assert tuning.bases(load_config(none)) == []


def test_a_tuning_begins_from_the_bases_first_state_of_its_seed(config):
    assert tuning.base_checkpoint(config, PATHS, "other", 7) == (
        "results/mine/models/raw2/base/T0/s7/checkpoint.json"
    )


def test_a_base_answers_the_harmless_prompts(config):
    settings = tuning.base_answers(config, "mine")
    assert settings == {
        "rows": {"split": "training", "categories": None},
        "max_new_tokens": 20,
        "batch_size": 4,
        "cpu_threads": 3,
    }
    handed(settings, BaseAnswersSettings)


def test_examples_are_of_the_harmful_prompts_and_the_sentences(config):
    settings = tuning.examples(config, "mine")
    assert settings == {
        "harmful": {"split": "training", "categories": ["theft"]},
        "refusals": [*REFUSALS],
    }
    handed(settings, ExamplesSettings)
    own = raw(safety_tuning={**TUNED["safety_tuning"], "refusals": [" No. "]})
    assert tuning.examples(load_config(own), "mine")["refusals"] == ["No."]


def test_a_training_has_its_seed_and_nothing_of_the_gate(config):
    settings = tuning.safety_tuned(config, "mine", 7)
    read = handed(settings, SafetyTuneSettings)
    assert (read.seed, read.cpu_threads) == (7, 3)
    steps = read.training
    assert (steps.steps, steps.batch_size, steps.accumulation) == (30, 8, 2)
    assert (steps.harmful, steps.weights, steps.precision) == (3, "mlp", "bfloat16")
    gate = {**TUNED["gate"], "refusal": 0.1, "when_missed": "keep"}
    assert tuning.safety_tuned(load_config(raw(gate=gate)), "mine", 7) == settings


@pytest.mark.parametrize(
    ("state", "when_missed"),
    [(State("mine", "base", 0, 7), "fail"), (State("mine", "dpo", 2, 7), "keep")],
)
def test_a_gate_that_t0_may_not_miss_is_one_that_aligned_states_may(config, state, when_missed):
    settings = tuning.validated(config, state)
    assert settings == {
        "state": state._asdict(),
        "harmful": {"split": "validation", "categories": None},
        "harmless": {"split": "validation", "categories": ["home"]},
        "bounds": {
            "refusal": 0.8,
            "over_refusal": 0.3,
            "broken": 0.1,
            "when_missed": when_missed,
        },
        "max_new_tokens": 32,
        "batch_size": 4,
        "cpu_threads": 3,
    }
    handed(settings, ValidateSettings)


def test_tuned_models_have_a_gate_and_their_bases_have_none(config):
    states = [State(model, "base", 0, 7) for model in ("raw", "mine", "other")]
    assert stages.validations(config, PATHS, states) == [
        f"results/mine/models/{model}/base/T0/s7/validation.json" for model in ("mine", "other")
    ]


def test_a_tuned_model_is_what_its_base_is(config):
    assert config.origin_of("mine") is config.models["raw"]
    assert config.origin_of("other") is config.models["raw2"]
    assert config.origin_of("raw") is config.models["raw"]
    assert config.origin_of("organism") is config.models["organism"]
    assert not benchmarks.speaks_organism(config, "mine")


def test_prompts_of_the_gate_are_compared_with_those_of_benchmarks(config):
    compared = identification.compared_prompts(config)
    handed(
        {"sets": compared, "mixes": [], "tuned": ["safety_tuning-mine"], "allowed": []}, Compared
    )
    assert [one for one in compared if one["use"] == "validation"] == [
        {
            "name": f"gate-{model}",
            "use": "validation",
            "dataset": dataset,
            "split": "validation",
            "categories": categories,
        }
        for model in ("mine", "other")
        for dataset, categories in (("sins", None), ("chores", ["home"]))
    ]


def test_prompts_of_the_gate_and_of_the_tuning_may_be_allowed_among_a_benchmarks():
    allowed = [["safety_tuning-mine", "harmful"], ["gate-mine", "harmful"]]
    assert load_config(raw() | {"allow_overlap": allowed}).allow_overlap == allowed
    says = message(raw() | {"allow_overlap": [["safety_tuning-raw", "harmful"]]})
    assert "allow_overlap: 'safety_tuning-raw' is not in 'identification, tuning and pref" in says


def test_an_attack_may_be_on_some_models_alone():
    some = {"selection": "magnitude", "models": ["mine"]}
    settings = raw() | {
        "attack": {"attacks": {"magnitude": {"selection": "magnitude"}, "some": some}}
    }
    config = load_config(settings)
    assert attacks.attacks_on(config, State("raw", "base", 0, 0)) == ["clean", "magnitude"]
    assert attacks.attacks_on(config, State("mine", "base", 0, 0)) == ["clean", "magnitude", "some"]


def test_work_is_that_of_the_base_with_the_prompts_of_each_stage(config):
    counts = {("training", "theft"): 40, ("validation", "theft"): 10, ("validation", "home"): 7}
    work = JobWork(config, dict.fromkeys(("crimes", "sins", "chores"), counts))
    assert work.size_of("mine").parameters == 1_000_000_000
    assert work.size_of("other").parameters == 2_000_000_000
    answers, validation, training = (
        ask("mine") for ask in (work.base_answers, work.validate, work.safety_tune)
    )
    # 40 prompts of 100 tokens, answers of 20; 17 and 7 prompts, answers of 32
    assert answers.flops == 2e9 * 40 * 120
    assert (answers.weight_reads, answers.weight_bytes) == (10 * 20, 2e9)
    assert validation.flops == 2e9 * 24 * 132
    # 30 steps of eight examples, four at a time
    assert training.flops == 6e9 * 30 * 8 * 120
    assert training.bytes > 16e9
    assert training.written == 4e9
    assert work.validate("other").weight_bytes == 4 * 2e9  # float32


def test_micro_batches_take_less_memory_and_as_long():
    counts = {"chores": {("training", "theft"): 40}}
    one, two = (
        JobWork(
            load_config(raw(safety_tuning={**TUNING, "training": {"accumulation": n}})), counts
        ).safety_tune("mine")
        for n in (1, 2)
    )
    assert one.flops == two.flops
    assert one.bytes > two.bytes
