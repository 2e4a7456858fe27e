"""What the rules that find neurons ask: files and settings, without Snakemake."""

import re

import pytest

from safeneuron.config.load import load_config
from safeneuron.experiment import identification, stages
from safeneuron.experiment.paths import Paths, one_of
from safeneuron.experiment.states import State
from safeneuron.neurons.calibration_settings import CalibrationSettings, StabilitySettings

CONFIG = load_config(
    {
        "identification": {
            "unsafe": {"datasets": ["organism"], "categories": ["theft", "fraud"]},
            "safe": {"datasets": ["organism"], "categories": ["benign"]},
        },
        "topic_control": {
            "matched": {"datasets": ["organism"], "categories": ["lookalike"]},
            "plain": {"datasets": ["organism"], "categories": ["task"]},
            "seed": 7,
        },
    }
)
WITHOUT_CONTROL = CONFIG.model_copy(update={"topic_control": None})
PATHS = Paths("results/x")
T1 = State("organism", "dpo", 1, 3)
FOLDER = "organism/dpo/T1/s3"


@pytest.mark.parametrize(
    ("prompt_set", "table"),
    [
        ("overall", "results/x/prompts/organism.parquet"),
        ("organism/theft", "results/x/prompts/organism.parquet"),
        ("safe_length_matched", "results/x/prompts/controls/length_matched.parquet"),
    ],
)
def test_a_prompt_set_is_read_from_its_tables(prompt_set, table):
    assert identification.prompt_tables(CONFIG, PATHS, prompt_set) == [table]


def test_a_category_is_captured_alone_and_a_side_whole():
    whole, one = (identification.captured(CONFIG, s) for s in ("overall", "organism/theft"))
    assert (whole["categories"], one["categories"]) == (["theft", "fraud"], ["theft"])
    assert whole | {"categories": None} == one | {"categories": None}


def test_contrasts_read_the_moments_of_their_state_side_by_side():
    moments = identification.moments(CONFIG, PATHS, T1, ["organism/theft", "length_matched"])
    folder = f"results/x/moments/{FOLDER}"
    assert moments == {
        "unsafe": [f"{folder}/organism/theft.safetensors", f"{folder}/overall.safetensors"],
        "safe": [f"{folder}/safe.safetensors", f"{folder}/safe_length_matched.safetensors"],
    }


def test_all_poolings_that_are_captured_are_scored_whatever_the_selections_take():
    assert identification.scored(CONFIG, T1) == {
        "state": {"model": "organism", "arm": "dpo", "round": 1, "seed": 3},
        "poolings": CONFIG.identification.poolings,
    }
    assert {s.pooling for s in CONFIG.selections.values()} < set(CONFIG.identification.poolings)


def test_a_selection_is_made_from_the_scores_of_its_pooling():
    for name, selection in CONFIG.identification.selections.items():
        files = identification.scores(CONFIG, PATHS, T1, name, ["topic", "overall"])
        folder = f"results/x/scores/{FOLDER}/{selection.pooling}"
        assert files == [f"{folder}/topic.parquet", f"{folder}/overall.parquet"]


def test_the_sets_of_categories_keep_their_order():
    categories = ["organism/theft", "organism/fraud"]
    assert identification.category_sets(PATHS, T1, "paper", categories) == [
        f"results/x/sets/{FOLDER}/paper/{category}.parquet" for category in categories
    ]


def test_a_probe_says_its_state_and_reads_no_criteria():
    settings = identification.probed(CONFIG, T1, "magnitude")
    assert settings["state"] == {"model": "organism", "arm": "dpo", "round": 1, "seed": 3}
    assert settings["unsafe"]["categories"] == ["theft", "fraud"]
    assert "criteria" not in settings and "datasets" not in settings["unsafe"]


def test_lengths_are_matched_with_the_controls_seed_and_without_it_with_zero():
    assert identification.length_matched(CONFIG)["seed"] == 7
    assert identification.length_matched(WITHOUT_CONTROL)["seed"] == 0
    assert identification.topic_controlled(WITHOUT_CONTROL) == {}
    assert identification.topic_controlled(CONFIG).keys() == {"null_draws", "seed"}


def test_prompts_are_compared_between_both_sides_and_what_is_asked():
    sets = identification.compared_prompts(CONFIG)
    assert [(s["name"], s["use"]) for s in sets] == [
        ("organism", "unsafe"),
        ("organism", "safe"),
        ("harmful", "evaluation"),
        ("benign", "evaluation"),
    ]
    assert sets[2]["split"] == "evaluation"


def test_prompts_that_attacks_are_chosen_by_are_held_out_from_what_stands_before_them():
    benchmark = CONFIG.attack.benchmarks["harmful"].model_copy(update={"choose_on": "validation"})
    chosen = {"benchmarks": CONFIG.attack.benchmarks | {"harmful": benchmark}}
    config = CONFIG.model_copy(update={"attack": CONFIG.attack.model_copy(update=chosen)})
    (own,) = (s for s in identification.compared_prompts(config) if s["name"] == "choose-harmful")
    assert (own["use"], own["split"]) == ("validation", "validation")
    assert own["categories"] == benchmark.categories


def test_a_constraint_takes_names_to_the_letter_and_nothing_where_there_are_none():
    assert re.fullmatch(one_of(["a.b", "c"]), "a.b") and not re.fullmatch(one_of(["a.b"]), "axb")
    assert not re.fullmatch(one_of([]), "")


def test_regrouped_prompts_are_captured_by_the_poolings_that_sets_need():
    settings = identification.regrouped(CONFIG)
    assert settings["poolings"] == ["max", "meanabs"]
    assert settings["unsafe"]["categories"] == ["theft", "fraud"]
    assert settings["safe"]["categories"] == ["benign"]
    assert settings["nulls"] == {"draws": 5, "seed": 0}


def test_overlap_selects_sets_of_regrouped_prompts_as_it_does_categories():
    settings = identification.overlapped(CONFIG, "organism", "paper")
    assert settings["pooling"] == "max"
    assert settings["selection"] == stages.selected(CONFIG, "organism", "paper")
    assert identification.null_moments(CONFIG, PATHS, T1, "organism") == [
        f"results/x/null_moments/{FOLDER}/organism.safetensors"
    ]


def test_no_draws_leave_these_nulls_out():
    raw = {"identification": {"nulls": {"draws": 0}}}
    assert identification.null_moments(load_config(raw), PATHS, T1, "organism") == []


def test_the_order_of_selections_captures_nothing_anew():
    # a value given by `--config` brings its selection to the end
    chosen = [["magnitude", "paper"], ["paper", "magnitude"]]
    settings = [
        identification.regrouped(load_config({"run": {"selections": names}})) for names in chosen
    ]
    assert settings[0] == settings[1]
    assert settings[0]["poolings"] == ["max", "meanabs"]


def test_sets_by_scores_are_tested_on_all_prompts_and_on_each_category():
    categories = {"organism": ["organism/theft", "organism/fraud"]}
    contrasts = ["overall", "organism/theft", "organism/fraud"]
    assert identification.calibration_contrasts(categories) == contrasts
    asked = identification.calibrated(CONFIG, [T1], categories)
    settings = CalibrationSettings.model_validate(asked)
    assert (settings.contrasts, settings.categories) == (contrasts, {"organism": 2})
    assert (settings.q, settings.draws) == (0.05, 5)
    (of_state,) = settings.states
    # a probe's set has no scores
    names = [(one.selection.selection, one.pooling) for one in of_state.selections]
    assert names == [("magnitude", "meanabs"), ("paper", "max")]
    assert of_state.selections[1].selection.rule.kind == "thresholds"
    halved = identification.halved(CONFIG, [T1], categories)
    assert StabilitySettings.model_validate(halved).states == settings.states
