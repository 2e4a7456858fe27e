"""Bad input stops the workflow at once, with a message that helps, before anything is made."""

import csv
import os

import pytest

pytestmark = pytest.mark.workflow

ROWS = [
    (f"{topic[0].lower()}{number}", f"How to do {topic}, way {number}?", topic)
    for topic in ("Arson", "Bribery", "Card fraud")
    for number in range(3)
]


def write_csv(path, rows=ROWS, header=("number", "question", "topic")):
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([header, *rows])
    return path


def prompts_from(path, **keys):
    """Settings with a user's file on the unsafe side."""
    columns = {"text": "question", "category": "topic", "id": "number"}
    dataset = {"kind": "file", "path": str(path), **columns, **keys}
    return {
        "datasets": {"mine": dataset},
        "identification": {"unsafe": {"datasets": ["mine"], "categories": None}},
    }


def model_from(path):
    """Settings with a user's checkpoint folder as the only model."""
    return {
        "models": {"mine": {"kind": "local", "path": str(path)}},
        "run": {"models": ["mine"], "attacked": [], "aligned": []},
    }


@pytest.fixture
def refused(dry_run, results):
    """Asserts that settings are refused well, with all of some words in the message."""

    def check(settings, *says):
        existed = results.exists()
        run = dry_run(settings)
        assert run.returncode != 0
        assert [words for words in says if words not in run.output] == [], run.output
        assert "Traceback" not in run.output
        assert "Job stats" not in run.output
        assert results.exists() == existed

    return check


def test_unknown_key(refused):
    refused(
        {"organism": {"pretrain": {"stepz": 5}}},
        "organism.pretrain: unknown key 'stepz', did you mean 'steps'?; allowed: steps, ",
    )


def test_wrong_type(refused):
    refused(
        {"compute": {"cpu_threads": "four"}},
        "compute.cpu_threads: ",
        "valid integer (found: 'four')",
    )


def test_unknown_category(refused):
    refused(
        {"identification": {"unsafe": {"categories": ["violence", "weapon"]}}},
        "identification.unsafe.categories: 'weapon' is not a category of split 'identification'",
        "did you mean 'weapons'?; there are benign, disinformation, drugs, ",
    )


def test_threshold_out_of_range(refused):
    rule = {"kind": "thresholds", "es": -1.0, "sas": 2.0}
    refused(
        {"identification": {"selections": {"paper": {"pooling": "max", "rule": rule}}}},
        "identification.selections.paper.rule",
        "es: Input should be greater than or equal to 0 (found: -1.0)",
    )


def test_missing_file(refused, tmp_path):
    path = tmp_path / "absent.csv"
    refused(prompts_from(path), f"datasets.mine: {path}: no such file")


def test_empty_csv(refused, tmp_path):
    path = tmp_path / "empty.csv"
    path.touch()
    refused(prompts_from(path), f"datasets.mine: {path}: the file is empty (0 bytes); write or ")


def test_header_only_csv(refused, tmp_path):
    path = write_csv(tmp_path / "header.csv", rows=[])
    refused(prompts_from(path), f"datasets.mine: {path}: no rows in it")


def test_missing_column(refused, tmp_path):
    path = write_csv(tmp_path / "prompts.csv")
    refused(
        prompts_from(path, text="prompt"),
        f"datasets.mine: {path}: no column 'prompt' (config key 'text'); "
        "it has ['number', 'question', 'topic']",
    )


def test_duplicate_prompt_ids(refused, tmp_path):
    path = write_csv(tmp_path / "prompts.csv", rows=[*ROWS, ("a1", "Again?", "Arson")])
    refused(prompts_from(path), f"datasets.mine: {path}: rows 2 and 10 have the same id 'a1'")


def test_category_with_one_prompt(refused, tmp_path):
    path = write_csv(tmp_path / "prompts.csv", rows=[*ROWS, ("d0", "How?", "Doping")])
    refused(
        prompts_from(path),
        "identification.unsafe: category 'doping' of dataset 'mine' has 1 prompt; "
        "at least 2 are needed",
    )


def test_model_folder_without_weights(refused, tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    refused(
        model_from(folder),
        f"models.mine.path: {folder} has no model.safetensors; weights must be safetensors "
        "(found: no weights); download the folder again or save it with save_pretrained",
    )


def test_model_folder_that_does_not_exist(refused, tmp_path):
    refused(model_from(tmp_path / "none"), f"models.mine.path: {tmp_path / 'none'} is not a folder")


def test_results_folder_that_is_a_file(refused, results):
    results.parent.mkdir(exist_ok=True)
    results.write_text("in the way")
    refused({}, f"results: no permission to write in results/{results.name}")
    assert results.read_text() == "in the way"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_results_folder_without_write_permission(refused, results):
    results.mkdir(parents=True)
    results.chmod(0o555)
    refused({}, f"results: no permission to write in results/{results.name}")
    assert list(results.iterdir()) == []


def test_prompts_of_a_user_resolve_to_a_whole_run(dry_run, results, tmp_path):
    unsafe = write_csv(tmp_path / "unsafe.csv")
    calm = ("Bake?", "Sow?", "Sew?", "Knit?", "Fish?", "Swim?", "Sing?", "Row?")
    safe = write_csv(tmp_path / "safe.csv", [(text,) for text in calm], ("question",))
    settings = prompts_from(unsafe)
    settings["datasets"]["calm"] = {
        "kind": "file",
        "path": str(safe),
        "text": "question",
        "constant_category": "harmless",
    }
    settings["identification"]["safe"] = {"datasets": ["calm"], "categories": None}
    run = dry_run({**settings, "run": {"attacked": []}})
    assert run.returncode == 0, run.output
    assert not results.exists()
    stages = {
        *("organism_prompts", "pretrain_organism", "tune_organism"),
        *("file_prompts", "capture", "capture_nulls", "score", "score_contrasts"),
        *("select_neurons", "select_contrasts"),
        *("composition", "overlap", "depth_profile"),
        *("figure_composition", "figure_overlap", "figure_depth_profile", "report"),
    }
    assert stages - run.jobs.keys() == set()
    assert run.jobs["file_prompts"] == 2
    assert "attack" not in run.jobs
    state = f"results/{results.name}/{{}}/tiny/base/T0/s0"
    made = [
        *(
            f"{state.format('moments')}/{category}.safetensors"
            for category in ("mine/arson", "mine/bribery", "mine/card-fraud", "overall", "safe")
        ),
        f"{state.format('scores')}/meanabs/mine/card-fraud.parquet",
        f"{state.format('sets')}/paper/mine/card-fraud.parquet",
        f"{state.format('analyses/composition')}/paper/mine.parquet",
        f"{state.format('analyses/overlap')}/magnitude/mine.parquet",
        f"results/{results.name}/figures/overlap/tiny/mine.png",
        f"results/{results.name}/figures/depth_profile.png",
        f"results/{results.name}/report.html",
    ]
    assert [path for path in made if path not in run.output] == []


def test_a_set_of_one_category_is_compared_with_nothing(dry_run, tmp_path):
    settings = prompts_from(write_csv(tmp_path / "unsafe.csv"))
    flat = {"kind": "file", "path": str(tmp_path / "unsafe.csv"), "text": "question"}
    settings["datasets"]["flat"] = {**flat, "constant_category": "harmful"}
    settings["identification"]["unsafe"]["datasets"].append("flat")
    run = dry_run({**settings, "run": {"attacked": []}})
    assert run.returncode == 0, run.output
    assert (run.jobs["figure_composition"], run.jobs["figure_overlap"]) == (1, 1)
    assert "figures/overlap/tiny/mine.png" in run.output
    assert "figures/overlap/tiny/flat.png" not in run.output


def test_a_model_of_the_papers_stands_beside_its_rows(dry_run, results):
    tables = f"results/{results.name}/tables"
    published = {"models": {"tiny": "Qwen2.5-7B"}, "benchmarks": {"harmful": "StrongREJECT"}}
    assert f"{tables}/against_paper.md" not in dry_run({}).output
    run = dry_run({"published": published})
    assert run.returncode == 0, run.output
    assert run.jobs["against_paper"] == 1
    assert f"{tables}/against_paper.md" in run.output


def test_an_arm_may_have_any_name_that_the_schema_allows(dry_run):
    arms = {"Freeze-0.5": {"method": "freeze"}}
    run = dry_run({"align": {"arms": arms}, "run": {"arms": list(arms), "attacked": []}})
    assert run.returncode == 0, run.output
    assert "/models/tiny/Freeze-0.5/T2/s0/checkpoint.json" in run.output
