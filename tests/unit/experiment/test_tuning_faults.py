"""What is refused of a tuned model: in the configuration, and in the files that it reads."""

import pytest

import gguf_files
from safeneuron.config.load import load_config
from safeneuron.experiment.checks import check_inputs
from unit.config.messages import message, wrong
from unit.experiment.refusals import refusal
from unit.experiment.tuned_models import TUNED, TUNING, raw

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
    assert refusal(files, tmp_path / "results") == (
        "models.mine.gate.harmful.split: 'validation' has no prompts in harm-training; splits "
        "there: training"
    )


def test_a_category_that_a_side_does_not_have_is_named(files, tmp_path):
    files["models"]["mine"]["safety_tuning"]["harmless"]["categories"] = ["calmm"]
    text = refusal(files, tmp_path / "results")
    assert text.startswith("models.mine.safety_tuning.harmless.categories: 'calmm' is not a categ")
    assert "did you mean 'calm'?" in text


def test_a_file_that_is_held_out_and_not_there_is_named(files, tmp_path):
    files["datasets"]["gone"] = {**files["datasets"]["harm-training"], "path": "gone.csv"}
    check_inputs(load_config(files), tmp_path / "results")
    files["models"]["mine"]["safety_tuning"]["without"] = ["gone"]
    assert refusal(files, tmp_path / "results").startswith("datasets.gone: gone.csv: no such file")


def test_the_file_of_a_base_is_checked_under_its_own_key_though_the_run_has_it_not(files, tmp_path):
    path = tmp_path / "tiny.gguf"
    gguf_files.write(path, gguf_files.build(), template=None)
    assert refusal(files, tmp_path / "results").startswith(
        f"models.raw.path: {path} has no chat template "
    )
    path.unlink()
    assert refusal(files, tmp_path / "results").startswith(f"models.raw.path: {path} is not a file")


def test_the_organisms_language_is_not_that_of_a_tuned_model(files, tmp_path):
    files["datasets"]["organism"] = {"kind": "organism"}
    files["identification"] |= {"unsafe": {"datasets": ["organism"]}, "nulls": {"draws": 0}}
    assert ("is in the organism's language, which 'mine' of run.models does not speak") in refusal(
        files, tmp_path
    )
