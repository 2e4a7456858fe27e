"""What the rules of safety tuning are handed, and what a tuned model is to the rest of a run."""

import json

import pytest

import gguf_files
from safeneuron.config.load import ConfigError, load_config
from safeneuron.data.prompt_overlap import Compared
from safeneuron.data.refusals import REFUSALS
from safeneuron.experiment import attacks, benchmarks, identification, stages, tuning
from safeneuron.experiment.checks import check_inputs
from safeneuron.experiment.paths import Paths
from safeneuron.experiment.states import State
from safeneuron.experiment.work import JobWork
from safeneuron.tuning.settings import (
    BaseAnswersSettings,
    ExamplesSettings,
    SafetyTuneSettings,
    ValidateSettings,
)
from unit.config.messages import message, wrong

PATHS = Paths("results/mine")
HUB = {"kind": "hub", "id": "someone/small", "revision": "0" * 40, "parameters": 1_000_000_000}
TUNED = {
    "kind": "tuned",
    "base": "raw",
    "safety_tuning": {
        "harmful": {"datasets": ["crimes", "sins"], "split": "training", "categories": ["theft"]},
        "harmless": {"datasets": ["chores"], "split": "training"},
        "without": ["chores"],
        "answer_tokens": 20,
        "training": {"steps": 30, "batch_size": 8, "accumulation": 2},
    },
    "gate": {
        "harmful": {"datasets": ["sins"], "split": "validation"},
        "harmless": {"datasets": ["chores"], "split": "validation", "categories": ["home"]},
        "refusal": 0.8,
    },
}
OTHER = {**TUNED, "base": "raw2"}


def raw(**changes):
    """Two bases, each tuned; one base is in the run and the other is not."""
    file = {"kind": "file", "path": "p.csv", "text": "q", "constant_category": "theft"}
    return {
        "models": {
            "organism": {"kind": "organism"},
            "raw": HUB,
            "raw2": {**HUB, "dtype": "float32", "parameters": 2_000_000_000},
            "mine": {**TUNED, **changes},
            "other": OTHER,
        },
        "run": {"models": ["raw", "mine", "other"], "attacked": ["raw", "mine"], "aligned": []},
        "compute": {"batch_size": 4, "cpu_threads": 3, "prompt_tokens": 100},
        "datasets": {
            "organism": {"kind": "organism"},
            "crimes": {**file, "split": "training"},
            "sins": {**file, "split": "training"},
            "chores": {**file, "split": "training"},
        },
    }


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


TUNING = TUNED["safety_tuning"]
UNKNOWN = {"datasets": ["crime"]}

WRONG = [
    wrong(
        "unknown base",
        raw(base="row"),
        "models.mine.base: 'row' is not in 'models', did you mean 'raw'?",
    ),
    wrong(
        "base that is an organism",
        raw(base="organism"),
        "models.mine.base: 'organism' is of kind 'organism'; allowed are local, gguf and hub: an "
        "organism has its own safety tuning, and a model is tuned once",
    ),
    wrong(
        "base that is tuned",
        raw(base="other"),
        "models.mine.base: 'other' is of kind 'tuned'; allowed are local, gguf and hub",
    ),
    wrong(
        "base that is itself",
        raw(base="mine"),
        "models.mine.base: 'mine' is of kind 'tuned'; allowed are local, gguf and hub",
    ),
    *(
        wrong(
            f"unknown data set of {part}.{side}",
            raw(**{part: {**TUNED[part], side: UNKNOWN}}),
            f"models.mine.{part}.{side}.datasets: 'crime' is not in 'datasets', did you mean "
            "'crimes'?",
        )
        for part in ("safety_tuning", "gate")
        for side in ("harmful", "harmless")
    ),
    wrong(
        "unknown data set that is held out",
        raw(safety_tuning={**TUNING, "without": ["crime"]}),
        "models.mine.safety_tuning.without: 'crime' is not in 'datasets', did you mean 'crimes'?",
    ),
    wrong(
        "no sentences",
        raw(safety_tuning={**TUNING, "refusals": []}),
        "models.mine",
        "safety_tuning.refusals",
        "at least 1 item",
    ),
    wrong(
        "micro-batches",
        raw(safety_tuning={**TUNING, "training": {"batch_size": 8, "accumulation": 3}}),
        "batch_size 8 is not a multiple of accumulation 3",
    ),
    wrong(
        "judge that is tuned",
        raw()
        | {
            "attack": {
                "judges": ["j"],
                "model_judges": {"j": {"kind": "llama_guard", "model": "mine"}},
            }
        },
        "attack.model_judges.j.model: 'mine' is trained by the workflow; a judge is a local, gguf "
        "or hub model",
    ),
    wrong(
        "attack on an unknown model",
        raw()
        | {"attack": {"attacks": {"magnitude": {"selection": "magnitude", "models": ["min"]}}}},
        "attack.attacks.magnitude.models: 'min' is not in 'models', did you mean 'mine'?",
    ),
    wrong(
        "attack on no model",
        raw() | {"attack": {"attacks": {"magnitude": {"selection": "magnitude", "models": []}}}},
        "attack.attacks.magnitude.models",
        "at least 1 item",
    ),
]


@pytest.mark.parametrize(("settings", "says"), WRONG)
def test_message(settings, says):
    text = message(settings)
    assert [part for part in says if part not in text] == [], text


@pytest.mark.parametrize("key", ["safety_tuning.harmful", "gate.harmless"])
def test_models_are_tuned_and_validated_on_text_alone(key):
    part, side = key.split(".")
    settings = raw(**{part: {**TUNED[part], side: {"datasets": ["shown"]}}})
    settings["datasets"]["shown"] = {"kind": "typographic", "of": "crimes"}
    assert (
        f"models.mine.{key}.datasets: 'shown' has images; models are tuned on text alone"
    ) in message(settings)


@pytest.fixture
def files(tmp_path):
    """A whole run of a GGUF file that is tuned, with prompts that a test may spoil."""
    gguf_files.write(tmp_path / "tiny.gguf", gguf_files.build())
    datasets = {}
    for kind, splits in (
        ("harm", ("training", "validation", "identification")),
        ("calm", ("training", "validation", "identification")),
    ):
        for split in splits:
            path = tmp_path / f"{kind}-{split}.csv"
            path.write_text("q\n" + "".join(f"{kind} {split} {n}\n" for n in range(9)))
            datasets[f"{kind}-{split}"] = {
                "kind": "file",
                "path": str(path),
                "text": "q",
                "constant_category": kind,
                "split": split,
            }

    def side(kind, split):
        return {"datasets": [f"{kind}-{split}"], "split": split, "categories": None}

    def both(split):
        return {"harmful": side("harm", split), "harmless": side("calm", split)}

    return {
        "models": {
            "raw": {"kind": "gguf", "path": str(tmp_path / "tiny.gguf"), "dtype": "float32"},
            "mine": {
                "kind": "tuned",
                "base": "raw",
                "safety_tuning": both("training"),
                "gate": both("validation"),
            },
        },
        "run": {"models": ["mine"], "attacked": [], "aligned": []},
        "datasets": datasets,
        "identification": {
            "unsafe": side("harm", "identification"),
            "safe": side("calm", "identification"),
        },
        "topic_control": None,
        "attack": {"benchmarks": {}},
    }


def refusal(settings, tmp_path) -> str:
    with pytest.raises(ConfigError) as caught:
        check_inputs(load_config(settings), tmp_path / "results")
    return str(caught.value)


def test_the_prompts_of_a_tuned_model_are_read_and_counted(files, tmp_path):
    files["models"]["mine"]["safety_tuning"]["without"] = ["harm-identification"]
    catalog = check_inputs(load_config(files), tmp_path / "results")
    assert catalog["harm-training"] == {("training", "harm"): 9}
    assert catalog["calm-validation"] == {("validation", "calm"): 9}
    assert catalog.keys() == files["datasets"].keys()


def test_what_a_tuned_model_reads_is_not_looked_at_where_the_run_has_none(files, tmp_path):
    files["run"]["models"] = ["raw"]
    catalog = check_inputs(load_config(files), tmp_path / "results")
    assert catalog.keys() == {"harm-identification", "calm-identification"}


def test_a_side_without_prompts_of_its_split_is_named(files, tmp_path):
    files["models"]["mine"]["gate"]["harmful"]["datasets"] = ["harm-training"]
    assert refusal(files, tmp_path) == (
        "models.mine.gate.harmful.split: 'validation' has no prompts in harm-training; splits "
        "there: training"
    )


def test_a_category_that_a_side_does_not_have_is_named(files, tmp_path):
    files["models"]["mine"]["safety_tuning"]["harmless"]["categories"] = ["calmm"]
    text = refusal(files, tmp_path)
    assert text.startswith("models.mine.safety_tuning.harmless.categories: 'calmm' is not a categ")
    assert "did you mean 'calm'?" in text


def test_a_file_that_is_held_out_and_not_there_is_named(files, tmp_path):
    files["datasets"]["gone"] = {**files["datasets"]["harm-training"], "path": "gone.csv"}
    check_inputs(load_config(files), tmp_path / "results")
    files["models"]["mine"]["safety_tuning"]["without"] = ["gone"]
    assert refusal(files, tmp_path).startswith("datasets.gone: gone.csv: no such file")


def test_the_file_of_a_base_is_checked_under_its_own_key_though_the_run_has_it_not(files, tmp_path):
    path = tmp_path / "tiny.gguf"
    gguf_files.write(path, gguf_files.build(), template=None)
    assert refusal(files, tmp_path).startswith(f"models.raw.path: {path} has no chat template ")
    path.unlink()
    assert refusal(files, tmp_path).startswith(f"models.raw.path: {path} is not a file")


def test_the_organisms_language_is_not_that_of_a_tuned_model(files, tmp_path):
    files["datasets"]["organism"] = {"kind": "organism"}
    files["identification"] |= {"unsafe": {"datasets": ["organism"]}, "nulls": {"draws": 0}}
    assert ("is in the organism's language, which 'mine' of run.models does not speak") in refusal(
        files, tmp_path
    )


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
