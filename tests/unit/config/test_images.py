"""Images in a configuration: who is shown them, and what is known to be wrong before any job."""

import json

import pytest

import gguf_files
from pictures import picture
from safeneuron.config.load import ConfigError, load_config
from safeneuron.config.schema.experiment import Config
from safeneuron.experiment import benchmarks, mixes, stages
from safeneuron.experiment.checks import check_inputs
from safeneuron.organism.chat_template import CHAT_TEMPLATE

SHOWN = {"kind": "typographic", "of": "organism"}
HARMFUL = {"dataset": "organism", "categories": ["weapons"], "role": "harmful"}


@pytest.fixture
def folders(tmp_path):
    """Checkpoint folders that pass the checks: what they hold is not read further."""
    for name, config in (("sees", {"vision_config": {}}), ("blind", {})):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "config.json").write_text(json.dumps(config))
        template = json.dumps({"chat_template": CHAT_TEMPLATE})
        (folder / "tokenizer_config.json").write_text(template)
        (folder / "model.safetensors").touch()
    (tmp_path / "sees" / "preprocessor_config.json").write_text("{}")
    return tmp_path


def raw(folders, attacked=("sees", "blind"), of=("sees",), aligned=(), **sections):
    """Two local models; the typographic questions are for those that `of` names."""
    default = Config().model_dump()
    models = {n: {"kind": "local", "path": str(folders / n)} for n in ("sees", "blind")}
    benchmark = {**HARMFUL, "dataset": "shown", "models": of and list(of)}
    return {
        "models": {**default["models"], **models},
        "run": {"models": ["sees", "blind"], "attacked": list(attacked), "aligned": list(aligned)},
        "datasets": {**default["datasets"], "shown": SHOWN},
        "attack": {"benchmarks": {"harmful": HARMFUL, "vl": benchmark}},
    } | sections


def refusal(config, folders) -> str:
    with pytest.raises(ConfigError) as caught:
        check_inputs(load_config(config), folders / "results")
    return str(caught.value)


def test_only_models_that_see_are_shown_images(folders):
    config = load_config(raw(folders))
    catalog = check_inputs(config, folders / "results")
    assert catalog["shown"] == catalog["organism"]
    asked = {m: list(benchmarks.asked_of(config, m)) for m in ("sees", "blind")}
    assert asked == {"sees": ["harmful", "vl"], "blind": ["harmful"]}
    assert list(benchmarks.with_images(config)) == ["vl"]
    shown = ("attack.benchmarks.vl", "attack.benchmarks.vl.models")
    assert [config.needs_images(m) for m in ("sees", "blind")] == [shown, None]


def test_a_run_asks_the_benchmarks_that_it_names_and_no_others(folders):
    settings = raw(folders)
    settings["run"]["benchmarks"] = ["vl", "harmful"]
    config = load_config(settings)
    asked = {m: list(benchmarks.asked_of(config, m)) for m in ("sees", "blind")}
    assert asked == {"sees": ["vl", "harmful"], "blind": ["harmful"]}
    settings["run"]["benchmarks"] = ["harmful"]
    config = load_config(settings)
    assert list(benchmarks.asked(config)) == ["harmful"]
    assert [config.needs_images(m) for m in ("sees", "blind")] == [None, None]
    settings["run"]["benchmarks"] = ["vl"]
    assert "none of role 'harmful' is for 'blind'" in refusal(settings, folders)
    settings["run"]["benchmarks"] = ["harmfull"]
    says = "run.benchmarks: 'harmfull' is not in 'attack.benchmarks', did you mean 'harmful'?"
    assert says in refusal(settings, folders)


def test_a_benchmark_of_no_attacked_model_is_not_asked(folders):
    config = load_config(raw(folders, attacked=["blind"]))
    assert list(benchmarks.asked(config)) == ["harmful"]
    assert "shown" not in check_inputs(config, folders / "results")


def test_a_model_of_text_is_named_with_the_key_that_leaves_it_out(folders):
    says = refusal(raw(folders, of=None), folders)
    assert says.startswith("attack.benchmarks.vl has images, models.blind.path: the model in ")
    assert says.endswith(
        "has no vision tower; name the models that see in attack.benchmarks.vl.models"
    )
    organism = raw(folders, of=["organism"]) | {
        "run": {"models": ["organism"], "attacked": ["organism"]}
    }
    assert "attack.benchmarks.vl has images, but 'organism' sees none" in refusal(organism, folders)


def test_no_gguf_file_sees(folders):
    file = gguf_files.write(folders / "blind.gguf", gguf_files.build(), template=CHAT_TEMPLATE)
    settings = raw(folders, of=("sees", "blind"))
    settings["models"]["blind"] = {"kind": "gguf", "path": str(file)}
    assert refusal(settings, folders) == (
        f"attack.benchmarks.vl has images, models.blind.path: {file} has no vision tower; "
        "name the models that see in attack.benchmarks.vl.models"
    )


def test_a_missing_image_processor_is_named(folders):
    (folders / "sees" / "preprocessor_config.json").unlink()
    says = refusal(raw(folders), folders)
    assert "models.sees.path" in says and "has no image processor" in says


def test_every_attacked_model_has_harmful_prompts(folders):
    config = raw(folders)
    config["attack"]["benchmarks"]["harmful"] = {**HARMFUL, "models": ["sees"]}
    assert "none of role 'harmful' is for 'blind'" in refusal(config, folders)


@pytest.mark.parametrize(
    ("datasets", "says"),
    [
        ({"shown": {**SHOWN, "of": "orgnism"}}, "did you mean 'organism'?"),
        ({"shown": {**SHOWN, "of": "other"}, "other": SHOWN}, "'other' has images itself"),
    ],
)
def test_typographic_questions_are_of_a_set_of_text(folders, datasets, says):
    assert says in refusal(
        raw(folders, datasets={"organism": {"kind": "organism"}, **datasets}), folders
    )


def test_neurons_are_found_with_text_alone(folders):
    side = {"datasets": ["shown"], "categories": None}
    says = refusal(raw(folders, identification={"unsafe": side}), folders)
    assert "identification.unsafe.datasets: 'shown' has images" in says


def pictures(folders, **keys):
    """A table that names two pictures, and its entry in 'datasets'."""
    for colour in ("red", "blue"):
        (folders / f"{colour}.png").write_bytes(picture(colour))
    (folders / "pictures.csv").write_text("picture\nred.png\nblue.png\n")
    columns = {"constant_text": "Explain it.", "image": "picture", "constant_category": "c"}
    path = {"path": str(folders / "pictures.csv"), "split": "evaluation"}
    return {"kind": "file", **path, **columns, **keys}


def with_pictures(folders, **keys):
    config = raw(folders)
    config["datasets"]["shown"] = pictures(folders, **keys)
    config["attack"]["benchmarks"]["vl"]["categories"] = None
    config["attack"]["judges"] = ["refusal_prefix"]
    return config


def test_pictures_are_looked_at_before_any_job(folders):
    config = with_pictures(folders)
    catalog = check_inputs(load_config(config), folders / "results")
    assert catalog["shown"] == {("evaluation", "c"): 2}
    (folders / "blue.png").write_bytes(b"secret")
    says = refusal(config, folders)
    assert f"row 2, {folders / 'blue.png'}: not a readable image" in says
    assert "secret" not in says
    (folders / "blue.png").unlink()
    assert f"row 2: there is no image {folders / 'blue.png'}" in refusal(config, folders)


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"text": "picture"}, "'constant_text' asks the same of every 'image'"),
        ({"image": None}, "'constant_text' asks the same of every 'image'"),
        ({"constant_text": None}, "'text' is missing; it names the column that holds the prompt"),
        ({"image": "photo"}, "no column 'photo' (config key 'image')"),
    ],
)
def test_a_wrong_key_about_images_is_named(folders, keys, says):
    assert says in refusal(with_pictures(folders, **keys), folders)


def test_a_model_has_its_own_mix_and_the_others_theirs(folders):
    spa = {"kind": "file", "path": str(folders / "spa.jsonl"), "role": "safety", "image": "picture"}
    (folders / "spa.jsonl").write_text("{}")
    sections = {
        "preferences": {
            "organism": {"kind": "organism"},
            "text": {**spa, "image": None, "share": 0.2},
            "spa": spa,
        },
        "align": {
            "preferences": {"sources": ["text"]},
            "preferences_of": {"sees": {"sources": ["spa", "text"], "pairs": 8}},
        },
    }
    config = load_config(raw(folders, aligned=["sees", "blind"], **sections))
    check_inputs(config, folders / "results")
    assert mixes.drawn(config, "mix")["shares"] == {"text": 0.2}
    own = mixes.drawn(config, "sees/mix")
    assert (own["pairs"], own["shares"]) == (8, {"spa": 1.0, "text": 0.2})
    assert stages.pair_source(config, "text")["source"]["share"] == 1.0
    assert stages.pair_source(config, "spa")["source"]["share"] == 1.0

    sections["align"]["preferences_of"] = {"blind": {"sources": ["spa"]}}
    says = refusal(raw(folders, aligned=["blind"], **sections), folders)
    assert says.startswith("preferences.spa has images, models.blind.path: ")
    assert says.endswith("name the models that see in align.preferences_of")
    sections["align"]["preferences_of"] = {"sees": {"sources": ["organism"]}}
    says = refusal(raw(folders, **sections), folders)
    assert (
        "align.preferences_of.sees.sources: the organism's pairs are for align.preferences" in says
    )
