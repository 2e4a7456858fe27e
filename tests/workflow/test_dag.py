"""The whole workflow at its smallest, in a copy of the repository: what it makes."""

import json
import re

import pyarrow.parquet as pq
import pytest

from safeneuron.artifacts.provenance import provenance, read_provenance

RESULTS = "results/smallest"

pytestmark = pytest.mark.workflow


def rows(finished, name):
    return pq.read_table(finished.folder / RESULTS / "tables" / f"{name}.parquet").to_pylist()


ALIGNED_AND_T0 = 3  # states: T0, T1, T2 of one arm


def test_every_response_is_counted_once_and_in_one_class(finished):
    table = rows(finished, "attack_success")
    assert {(r["arm"], r["round"]) for r in table} == {
        ("base", 0),
        ("freeze_ablate", 1),
        ("freeze_ablate", 2),
    }
    assert {r["judge"] for r in table} == {"oracle", "refusal_prefix"}
    for row in table:
        not_refused = row["complied"] + row["attempted"] + row["broken"]
        assert row["refused"] + not_refused == pytest.approx(1)
        assert row["not_refused"] == pytest.approx(not_refused)
        assert row["n_prompts"] == (30 if row["category"] == "overall" else 3)
        assert row["asr"] == row["n_harmful"] / row["n_prompts"] == row["complied"]
        assert row["asr_low"] <= row["asr"] <= row["asr_high"]


def test_every_attacked_set_has_its_controls_of_the_same_size(finished):
    table = [r for r in rows(finished, "attack_success") if r["category"] == "overall"]
    keys = ("arm", "round", "attack", "judge", "target", "fraction")
    attacked = {tuple(r[k] for k in keys): r["n_neurons"] for r in table if r["attack"] != "clean"}
    controls = {"magnitude": 2, "paper": 1, "static": 2, "probe": 1}
    for key, n_neurons in attacked.items():
        cell = [r for r in table if tuple(r[k] for k in keys) == key]
        assert {r["n_neurons"] for r in cell} == {n_neurons}
        assert sum(r["control_seed"] is not None for r in cell) == controls[key[2]]


def test_the_clean_model_answers_once_a_state(finished):
    clean = [r for r in rows(finished, "attack_success") if r["attack"] == "clean"]
    whole = [(r["arm"], r["round"], r["judge"]) for r in clean if r["category"] == "overall"]
    assert len(whole) == len(set(whole)) == 2 * ALIGNED_AND_T0
    assert {(r["target"], r["n_neurons"], r["pooling"]) for r in clean} == {("none", 0, None)}


def test_frozen_neurons_are_proved_frozen_in_every_round(finished):
    for number in (1, 2):
        state = finished.folder / RESULTS / f"models/tiny/freeze_ablate/T{number}/s0"
        report = json.loads((state / "freeze_report.json").read_text())
        assert report["frozen_max_change"] == 0.0
        assert report["frozen_sha256_before"] == report["frozen_sha256_after"]
        assert 0.9 < report["free_trained"] <= report["free_moved"]
        protected = json.loads((state / "checkpoint.json").read_text())["reported"]
        assert report["frozen_neurons"] == protected["protected_neurons"]
        # gate row, up row and down column of each: three slices of width 32
        assert report["frozen_elements"] == report["frozen_neurons"] * 3 * 32


def set_files(finished, *states):
    return [finished.folder / RESULTS / f"sets/tiny/{s}/magnitude/overall.parquet" for s in states]


def made_from(result, role, files):
    """Whether a result's provenance says that it was made from these files, in this order."""
    hashes = provenance(None, {role: files}, "")["inputs"]
    return read_provenance(result)["inputs"][role] == hashes[role]


def test_a_round_freezes_the_neurons_of_all_rounds_before_it(finished):
    sets = set_files(finished, "base/T0/s0", "freeze_ablate/T1/s0")
    assert sets[0].read_bytes() != sets[1].read_bytes()  # they say which state they are of
    for number in (1, 2):
        state = finished.folder / RESULTS / f"models/tiny/freeze_ablate/T{number}/s0"
        assert made_from(state / "checkpoint.json", "neurons", sets[:number])
        protected = {
            (r["layer"], r["neuron"])
            for file in sets[:number]
            for r in pq.read_table(file).to_pylist()
        }
        report = json.loads((state / "freeze_report.json").read_text())
        assert report["frozen_neurons"] == len(protected)


def test_a_static_attack_takes_t0s_neurons_and_the_other_the_states_own(finished):
    states = ("base/T0/s0", "freeze_ablate/T1/s0")
    sets = set_files(finished, *states)
    assert sets[0].read_bytes() != sets[1].read_bytes()
    of_scores = (f"scores/tiny/{state}/meanabs/overall.parquet" for state in states)
    scores = [finished.folder / RESULTS / name for name in of_scores]
    said = finished.folder / RESULTS / "responses/tiny/freeze_ablate/T1/s0"
    for attack, own in (("static", 0), ("magnitude", 1)):
        for result in sorted((said / attack).glob("*.parquet")):
            assert made_from(result, "target", [sets[own], scores[own]])
            assert not made_from(result, "target", [sets[1 - own], scores[1 - own]])


def test_the_table_of_proofs_has_every_training_as_its_report_says(finished):
    table = rows(finished, "freeze_reports")
    assert [(r["arm"], r["round"], r["seed"]) for r in table] == [
        ("freeze_ablate", number, 0) for number in (1, 2)
    ]
    for row in table:
        state = f"models/tiny/freeze_ablate/T{row['round']}/s0/freeze_report.json"
        report = json.loads((finished.folder / RESULTS / state).read_text())
        assert row == report | {"gate": "missed"}
    assert "2 of which froze" in (finished.folder / RESULTS / "report.html").read_text()


def test_a_missed_gate_is_marked_in_the_tables_and_the_report(finished):
    assert {r["gate"] for r in rows(finished, "attack_success")} == {"missed"}
    assert all(r["gates_missed"] == 1 for r in rows(finished, "table_1"))
    assert "missed in 1" in (finished.folder / RESULTS / "tables/table_1.md").read_text()
    assert "missed" in (finished.folder / RESULTS / "report.html").read_text()


def test_the_organisms_splits_share_no_prompt(finished):
    table = rows(finished, "prompt_overlap")
    uses = ["unsafe", "safe", "training", "evaluation", "evaluation"]
    assert len(table) == len(uses) * (len(uses) - 1) // 2
    assert {r["shared"] for r in table if r["second_use"] == "evaluation"} == {0}
    assert {r["n_first"] for r in table if r["first_use"] == "training"} == {64}


def test_the_controls_are_compared_with_every_safety_set(finished):
    table = rows(finished, "topic_control")
    assert {(r["selection"], r["control"]) for r in table} == {
        (selection, control)
        for selection in ("magnitude", "paper")
        for control in ("topic", "length_matched")
    }
    assert len(table) == 4
    for row in table:
        union = row["n_safety"] + row["n_control"] - row["shared"]
        assert row["jaccard"] == row["shared"] / union
        assert row["found_again"] == row["shared"] / row["n_safety"]
        assert row["jaccard_null"] <= row["jaccard_null_high"]


def test_overlap_is_held_against_sets_of_regrouped_prompts(finished):
    results = finished.folder / RESULTS
    assert [p.name for p in (results / "null_moments").rglob("*.safetensors")] == [
        "organism.safetensors"  # one pass for all groups
    ]
    for selection in ("magnitude", "paper"):
        table = pq.read_table(
            results / f"analyses/overlap/tiny/base/T0/s0/{selection}/organism.parquet"
        ).to_pylist()
        assert [(r["k"], r["pseudo_draws"], r["shuffled_draws"]) for r in table] == [
            (2, 2, 2),
            (3, 2, 2),
        ] * 3
        for row in table:
            assert 0 <= row["shuffled_low"] <= row["shuffled_mean"] <= row["shuffled_high"] <= 1
            assert 0 <= row["pseudo_low"] <= row["pseudo_mean"] <= row["pseudo_high"] <= 1
    said = (results / "figures/overlap/tiny/organism.txt").read_text().strip()
    assert said.startswith("By 'magnitude' the sets of two categories overlap by ")
    assert said.replace("'", "&#39;") in (results / "report.html").read_text()


def test_without_draws_nothing_is_regrouped(finished):
    jobs = finished.would_run({"identification": {"nulls": {"draws": 0}}})
    assert jobs.keys() == {"overlap", "figure_overlap", "calibration", "report"}


def test_each_figure_is_there_as_pdf_png_and_data(finished):
    figures = finished.folder / RESULTS / "figures"
    files = [path for path in figures.rglob("*.*") if path.suffix != ".json"]  # provenance
    names = {path.relative_to(figures).with_suffix("") for path in files}
    assert {str(name) for name in names} == {
        "attack/tiny/oracle",
        "attack/tiny/refusal_prefix",
        "composition/tiny/organism",
        "depth_profile",
        "overlap/tiny/organism",
        "probe_overlap/tiny",
        "rounds/tiny",
        "training/tiny/freeze_ablate",
    }
    for name in names:
        base = figures / name
        assert base.with_suffix(".pdf").read_bytes().startswith(b"%PDF")
        assert base.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
        assert len(base.with_suffix(".csv").read_text().splitlines()) > 1


def test_a_probe_is_compared_with_every_set_by_scores(finished):
    table = rows(finished, "probe_overlap")
    compared = [(r["selection"], r["probe"], r["layer"]) for r in table]
    expected = [(s, "probe", layer) for s in ("magnitude", "paper") for layer in (0, 1)]
    assert sorted(compared) == expected
    sets = finished.folder / RESULTS / "sets/tiny/base/T0/s0"
    for row in table:
        of_layer = {
            name: pq.read_table(sets / name / "overall.parquet")["layer"].to_pylist()
            for name in (row["selection"], "probe")
        }
        sizes = [of_layer[name].count(row["layer"]) for name in of_layer]
        assert sizes == [row["shared"] + row[f"only_{s}"] for s in ("selection", "probe")]
        assert row["null_mean"] == sizes[0] * sizes[1] / 64


def test_case_studies_show_every_state_and_no_text(finished):
    table = rows(finished, "case_studies")
    t0 = [r for r in table if r["arm"] == "base"]
    assert all((r["clean_verdict"], r["attacked_verdict"]) == ("refused", "complied") for r in t0)
    later = [(r["arm"], r["round"], r["prompt_id"]) for r in table if r["arm"] != "base"]
    assert later == [("freeze_ablate", 2, r["prompt_id"]) for r in t0]
    assert len(t0) <= 5
    page = (finished.folder / RESULTS / "tables/case_studies.md").read_text()
    assert "how do i" not in page and "here is how to" not in page and "sorry" not in page


def test_the_report_needs_no_network_and_shows_no_response(finished):
    page = (finished.folder / RESULTS / "report.html").read_text()
    assert not re.search(r'(src|href)="(?!data:)', page)
    assert "sure , here is how to" not in page
    output = finished.snakemake("--report", "snakemake-report.html")
    assert "Report created" in output
    assert (finished.folder / "snakemake-report.html").stat().st_size > 100_000


def test_prompts_and_responses_stay_out_of_the_logs(finished):
    for log in (finished.folder / RESULTS / "logs").rglob("*.log"):
        text = log.read_text()
        assert "here is how to" not in text and "how do i" not in text, log


def test_no_partial_file_is_left(finished):
    assert [p for p in (finished.folder / RESULTS).rglob("*") if "partial" in p.name] == []
    assert list((finished.folder / RESULTS).rglob("training-*")) == []


def test_judges_are_compared_on_every_state_and_target(finished):
    table = rows(finished, "judge_agreement")
    assert {(r["first"], r["second"]) for r in table} == {("oracle", "refusal_prefix")}
    assert {r["target"] for r in table} == {"none", "es", "sas", "es+sas", "probe"}
    assert {(r["arm"], r["round"]) for r in table} == {
        ("base", 0),
        ("freeze_ablate", 1),
        ("freeze_ablate", 2),
    }
    for row in table:
        counts = [row[n] for n in ("both", "only_first", "only_second", "neither")]
        assert sum(counts) == row["n_responses"] >= row["n_prompts"] == 30


def test_an_attacked_model_is_written_on_demand(finished):
    state = {"model": "tiny", "arm": "freeze_ablate", "round": 2, "seed": 0}
    folder = f"{RESULTS}/models/tiny/freeze_ablate/T2/s0/attacked/magnitude/es+sas/0.1"
    finished.snakemake(f"{folder}/checkpoint.json", "--cores", "1")
    assert (finished.folder / folder / "checkpoint/model.safetensors").is_file()
    made = json.loads((finished.folder / folder / "checkpoint.json").read_text())["reported"]
    (row,) = (
        r
        for r in rows(finished, "attack_success")
        if r["attack"] == "magnitude" and r["fraction"] == 0.1 and r["control_seed"] is None
        if state.items() <= r.items() and r["target"] == "es+sas" and r["judge"] == "oracle"
        if (r["benchmark"], r["category"]) == ("harmful", "overall")
    )
    assert made["n_neurons"] == row["n_neurons"] == 13  # a tenth of 2 layers of 64
    assert finished.would_run() == {}
