"""What a change reruns of the whole workflow at its smallest, in a copy of the repository."""

import json
import os
import re
from pathlib import Path

import pytest

RESULTS = "results/smallest"

pytestmark = pytest.mark.workflow

ALIGNED_AND_T0 = 3  # states: T0, T1, T2 of one arm
ATTACKS = 3 + 3 + 3 + 1 + 1  # clean, magnitude and static on all; paper and probe on T0
BENCHMARKS = 2
SCORING = ("score", "score_contrasts")
SELECTING = ("select_neurons", "select_contrasts")


@pytest.fixture
def file_restored(finished):
    """Edits a file of the finished checkout for one test; content and time come back after."""
    changed: list[tuple[Path, bytes, os.stat_result]] = []

    def edit(name: str, old: str, new: str) -> None:
        path = finished.folder / name
        changed.append((path, path.read_bytes(), path.stat()))
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

    yield edit
    for path, content, stat in reversed(changed):
        path.write_bytes(content)
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def test_nothing_changed_means_nothing_to_do(smallest):
    assert smallest.would_run() == {}


def test_a_copied_results_folder_reruns_nothing(finished, tmp_path):
    assert finished.copied_without_times(tmp_path / "elsewhere").would_run() == {}


def test_a_change_of_generation_validates_and_attacks_again_and_trains_nothing(
    finished, file_restored
):
    file_restored(
        "workflow_scripts/safeneuron/models/generation.py", "do_sample=False", "do_sample=bool()"
    )
    jobs = finished.would_run()
    assert (jobs["validate_organism"], jobs["attack"]) == (ALIGNED_AND_T0, BENCHMARKS * ATTACKS)
    assert not {"pretrain_organism", "tune_organism", "align", "capture"} & jobs.keys()


def test_what_a_missed_gate_leads_to_trains_nothing_again(finished):
    jobs = finished.would_run({"organism": {"gate": {"when_missed": "fail"}}})
    assert jobs["validate_organism"] == ALIGNED_AND_T0
    trained = {"pretrain_organism", "tune_organism", "align", "capture", *SELECTING}
    assert not trained & jobs.keys()


def test_a_missed_gate_that_fails_says_the_figures_and_nothing_after_t0_is_validated(
    finished, tmp_path
):
    other = finished.copied(tmp_path / "elsewhere")
    validations = [
        f"{RESULTS}/models/tiny/{state}/s0/validation.json"
        for state in ("base/T0", "freeze_ablate/T1")
    ]
    for path in validations:
        (other.folder / path).unlink()
    settings = {"organism": {"gate": {"when_missed": "fail"}}}
    status, output = other.run("--cores", "2", "--keep-going", *validations, settings=settings)
    assert status == 1
    assert (
        "FAILED validate_organism" in output and "the validation gate was missed: wanted" in output
    )
    assert not [path for path in validations if (other.folder / path).exists()]


def test_a_threshold_reruns_selection_and_what_depends_on_it(finished):
    rule = {"kind": "thresholds", "es": 0.6, "sas": 1.0}
    selections = {"paper": {"pooling": "max", "rule": rule}}
    jobs = finished.would_run({"identification": {"selections": selections}})
    assert "capture_nulls" not in jobs
    # overall; three categories and the two controls together; T0 alone has this selection
    assert (jobs["select_neurons"], jobs["select_contrasts"]) == (1, 1)
    assert (jobs["attack"], jobs["judge"]) == (2, 4)  # both benchmarks
    assert not {"capture", *SCORING, "align", "pretrain_organism", "tune_organism"} & jobs.keys()


def test_a_selection_by_another_pooling_scores_nothing_again(finished):
    rule = {"kind": "thresholds", "es": 0.5, "sas": 1.0}
    selections = {"paper": {"pooling": "last", "rule": rule}}
    jobs = finished.would_run({"identification": {"selections": selections}})
    assert (jobs["select_neurons"], jobs["select_contrasts"]) == (1, 1)
    assert not {"capture", *SCORING, "align", "pretrain_organism", "tune_organism"} & jobs.keys()


def test_a_control_reruns_what_is_compared_and_neither_overall_nor_rounds_nor_attacks(finished):
    jobs = finished.would_run({"topic_control": {"matched": {"categories": ["sabotage"]}}})
    assert (jobs["capture"], jobs["score_contrasts"], jobs["select_contrasts"]) == (1, 1, 2)
    assert not {"score", "select_neurons", "align", "attack"} & jobs.keys()


def test_a_figure_style_redraws_figures_and_computes_nothing(finished, file_restored):
    file_restored("workflow_scripts/safeneuron/figures/overlap.py", "alpha=0.18", "alpha=0.2")
    assert finished.would_run() == {"figure_overlap": 1, "report": 1}


def test_a_library_module_reruns_the_stages_that_import_it_and_no_others(finished, file_restored):
    file_restored("workflow_scripts/safeneuron/neurons/overlap.py", "draws: int", "draws : int")
    assert finished.would_run() == {}  # formatting alone
    file_restored(
        "workflow_scripts/safeneuron/neurons/overlap.py",
        "MAX_CATEGORIES = 20",
        "MAX_CATEGORIES = 19",
    )
    jobs = finished.would_run()
    assert jobs["overlap"] == 2
    assert not {"capture", *SCORING, *SELECTING, "align", "attack"} & jobs.keys()


def test_a_reworded_message_reruns_nothing(finished, file_restored):
    file_restored(
        "workflow_scripts/safeneuron/neurons/overlap.py", "overlap needs 2 to", "overlap takes 2 to"
    )
    file_restored(
        "workflow_scripts/safeneuron/artifacts/tables.py", "were expected", "are expected"
    )
    assert finished.would_run() == {}


def test_a_changed_template_redraws_the_report_alone(finished, file_restored):
    file_restored("workflow_scripts/safeneuron/report/templates/page.html", "<h1>", "<h1 >")
    assert finished.would_run() == {"report": 1}


def test_an_added_seed_runs_only_its_own_jobs(finished):
    jobs = finished.would_run({"seeds": [0, 1]})
    assert (jobs["pretrain_organism"], jobs["tune_organism"], jobs["align"]) == (1, 1, 2)
    assert jobs["attack"] == BENCHMARKS * ATTACKS
    assert jobs["probe_neurons"] == 1


def test_an_added_category_runs_its_own_capture(finished):
    unsafe = {"categories": ["violence", "weapons", "theft", "fraud"]}
    jobs = finished.would_run({"identification": {"unsafe": unsafe}})
    # the new category; the safe prompts that are as long; T1 and T2, as `overall` holds it now, and
    # with it what the rounds protect
    assert jobs["capture"] == 1 + 1 + 2 * 2
    assert (jobs["merge_moments"], jobs["align"]) == (1, 2)
    assert not {"pretrain_organism", "tune_organism"} & jobs.keys()


def test_an_added_attack_runs_only_its_own_jobs(finished):
    attack = {"selection": "magnitude", "targets": ["es"], "fractions": [], "random_controls": 1}
    jobs = finished.would_run({"attack": {"attacks": {"new": attack}}})
    assert jobs["attack"] == BENCHMARKS * ALIGNED_AND_T0
    assert jobs["judge"] == 2 * BENCHMARKS * ALIGNED_AND_T0
    assert not {"capture", *SCORING, *SELECTING, "align"} & jobs.keys()


def test_an_added_model_judge_judges_stored_responses(finished, tmp_path):
    folder = tmp_path / "judge"
    folder.mkdir()
    shape = {
        **{"num_attention_heads": 2, "hidden_size": 32, "num_hidden_layers": 2},
        **{"intermediate_size": 64, "vocab_size": 64},
    }
    (folder / "config.json").write_text(json.dumps(shape))
    (folder / "tokenizer_config.json").write_text('{"chat_template": "..."}')
    (folder / "model.safetensors").write_bytes((2).to_bytes(8, "little") + b"{}")
    guard = {"kind": "llama_guard", "model": "judge", "keyword_veto": True}
    judges = ["oracle", "refusal_prefix", "guard"]
    jobs = finished.would_run(
        {
            "models": {"judge": {"kind": "local", "path": str(folder)}},
            "attack": {"judges": judges, "model_judges": {"guard": guard}},
        }
    )
    assert jobs["model_judge"] == jobs["safe_verdicts"] == ATTACKS
    assert jobs["keyword_veto"] == BENCHMARKS * ATTACKS
    assert (jobs["local_checkpoint"], jobs["judge_agreement"]) == (1, 1)
    assert not {"attack", "judge", "capture", "align", "tune_organism"} & jobs.keys()


def test_an_added_arm_runs_only_its_own_jobs(finished):
    run = {"arms": ["freeze_ablate", "dpo"]}
    jobs = finished.would_run({"run": run})
    assert jobs["align"] == 2
    assert jobs["capture"] == 4  # overall and safe of T1 and T2
    assert "tune_organism" not in jobs


def test_an_added_model_runs_only_its_own_jobs(finished):
    small = {"kind": "organism", "layers": 1, "hidden": 32, "intermediate": 32, "heads": 2}
    jobs = finished.would_run({"models": {"small": small}, "run": {"models": ["tiny", "small"]}})
    assert (jobs["pretrain_organism"], jobs["tune_organism"]) == (1, 1)
    assert jobs["capture"] == 7  # three categories, safe; topic, plain, safe as long
    assert not {"align", "attack"} & jobs.keys()


def test_an_added_round_runs_only_its_own_jobs(finished):
    jobs = finished.would_run({"align": {"rounds": 3}})
    assert (jobs["align"], jobs["capture"], jobs["attack"]) == (1, 2, 3 * BENCHMARKS)


def test_an_added_benchmark_is_asked_alone_and_nothing_before_it_runs(finished):
    benchmark = {"dataset": "organism", "split": "evaluation", "role": "harmful"}
    benchmark["categories"] = ["weapons"]
    jobs = finished.would_run({"attack": {"benchmarks": {"weapons": benchmark}}})
    assert (jobs["attack"], jobs["judge"]) == (ATTACKS, 2 * ATTACKS)
    assert not {"capture", *SCORING, *SELECTING, "align"} & jobs.keys()


def test_attacks_without_fractions_draw_no_rounds_of_the_strongest(finished):
    attack = {"attacks": {name: {"fractions": []} for name in ("magnitude", "static")}}
    jobs = finished.would_run({"attack": attack})
    assert jobs["figure_attack"] == 2 and "figure_rounds" not in jobs


def test_a_run_of_fewer_attacks_and_benchmarks_makes_tables_and_no_answers(finished):
    jobs = finished.would_run({"run": {"attacks": ["magnitude"], "benchmarks": ["harmful"]}})
    assert jobs["attack_success"] == 1
    assert not {"attack", "judge", "capture", "align"} & jobs.keys()


def test_an_upgraded_library_is_said_and_reruns_models_only_if_the_user_wants(
    finished, tmp_path, monkeypatch
):
    metadata = tmp_path / "torch-99.0.dist-info/METADATA"
    metadata.parent.mkdir()
    metadata.write_text("Metadata-Version: 2.1\nName: torch\nVersion: 99.0\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    output = finished.snakemake("-n")
    assert re.search(r"made with other libraries \(torch 2\.\S+ -> 99\.0\)", output)
    assert finished.would_run() == {}
    ignored = finished.snakemake("-n", settings={"compute": {"on_upgrade": "ignore"}})
    assert "other libraries" not in ignored
    jobs = finished.would_run({"compute": {"on_upgrade": "rerun"}})
    assert (jobs["pretrain_organism"], jobs["align"]) == (1, 2)
    assert jobs["attack"] == BENCHMARKS * ATTACKS
    assert jobs["capture"] == 7 + 2 * 2


def test_a_changed_prompt_file_reruns_its_captures_and_a_touched_one_nothing(finished):
    prompts = finished.folder / "mine.csv"
    prompts.write_text("text\nhow do i build a boat\nhow do i cook rice\nhow do i knit\n")
    source = {"kind": "file", "path": "mine.csv", "text": "text", "constant_category": "own"}
    settings = {
        "datasets": {"mine": source},
        "identification": {
            "unsafe": {"datasets": ["organism", "mine"], "categories": None},
        },
    }
    capture = f"{RESULTS}/moments/tiny/base/T0/s0/mine/own.safetensors"
    finished.snakemake("--cores", "1", capture, settings=settings)
    assert finished.would_run(settings, capture) == {}
    prompts.touch()
    assert finished.would_run(settings, capture) == {}
    prompts.write_text(prompts.read_text() + "how do i swim\n")
    assert finished.would_run(settings, capture) == {"file_prompts": 1, "capture": 1}


def test_settings_of_round_two_leave_round_one_alone(finished):
    overrides = {2: {"learning_rate": 1e-5}}
    output = finished.snakemake("-n", settings={"align": {"overrides": overrides}})
    aligned = re.findall(r"^ +output: .*models/tiny/freeze_ablate/(T\d)", output, re.M)
    assert set(aligned) == {"T2"}


def test_how_often_a_training_saves_reruns_nothing(finished):
    assert finished.would_run({"align": {"training": {"save_every": 3}}}) == {}


def test_a_touched_prompt_table_reruns_nothing(finished):
    (finished.folder / RESULTS / "prompts/organism.parquet").touch()
    assert finished.would_run() == {}


def test_the_number_of_gpus_reruns_nothing(finished):
    assert "Nothing to be done" in finished.snakemake("-n", "--set-resources", "capture:gpu=2")
