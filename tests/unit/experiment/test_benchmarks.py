"""Which benchmarks are asked of whom, and who judges the answers."""

import json

import pytest

from safeneuron.config.load import load_config
from safeneuron.experiment import benchmarks
from safeneuron.organism.chat_template import CHAT_TEMPLATE
from unit.experiment.refusals import refusal


@pytest.fixture
def folders(tmp_path):
    """A user's model and a saved organism, as far as their folders are looked at."""
    for name, template in (("mine", "{{ messages }}"), ("saved", CHAT_TEMPLATE)):
        (tmp_path / name).mkdir()
        text = json.dumps({"chat_template": template})
        (tmp_path / name / "tokenizer_config.json").write_text(text)
    (tmp_path / "own.csv").write_text("prompt\nhow\nwhat\n")
    return tmp_path


@pytest.fixture
def with_folders(folders):
    own = {"kind": "file", "path": str(folders / "own.csv"), "text": "prompt"}
    return load_config(
        {
            "models": {
                "organism": {"kind": "organism"},
                **{n: {"kind": "local", "path": str(folders / n)} for n in ("mine", "saved")},
            },
            "run": {"models": ["organism", "mine", "saved"], "attacked": ["mine", "organism"]},
            "datasets": {
                "organism": {"kind": "organism"},
                "own": {**own, "constant_category": "c", "split": "evaluation"},
            },
            "attack": {
                "benchmarks": {
                    "harmful": {"dataset": "organism", "role": "harmful"},
                    "benign": {"dataset": "organism", "role": "safe"},
                    "own": {"dataset": "own", "role": "harmful", "models": ["mine"]},
                }
            },
        }
    )


def test_a_users_model_is_never_asked_the_organisms_prompts(with_folders):
    asked = {m: list(benchmarks.asked_of(with_folders, m)) for m in with_folders.run.models}
    assert asked == {
        "organism": ["harmful", "benign"],
        "mine": ["own"],
        "saved": ["harmful", "benign"],  # an organism from a folder speaks its language
    }


def test_what_some_attacked_model_is_asked_is_asked_in_the_configurations_order(with_folders):
    asked = benchmarks.asked(with_folders)
    assert list(asked) == ["harmful", "benign", "own"]
    assert benchmarks.of_role(asked, "harmful") == ["harmful", "own"]
    assert benchmarks.of_role(asked, "safe") == ["benign"]
    none = with_folders.run.model_copy(update={"attacked": []})
    assert benchmarks.asked(with_folders.model_copy(update={"run": none})) == {}


def test_the_oracle_judges_the_organisms_language_alone(with_folders):
    assert benchmarks.judges_of(with_folders, "harmful") == ["oracle", "refusal_prefix"]
    assert benchmarks.judges_of(with_folders, "own") == ["refusal_prefix"]
    shown = {m: benchmarks.judges_shown(with_folders, m) for m in with_folders.run.attacked}
    assert shown == {"mine": ["refusal_prefix"], "organism": ["oracle", "refusal_prefix"]}


def test_judges_are_compared_where_two_judge_the_same(with_folders):
    assert benchmarks.judges_are_compared(with_folders)
    run = with_folders.run.model_copy(update={"attacked": ["mine"]})
    assert not benchmarks.judges_are_compared(with_folders.model_copy(update={"run": run}))


def choosing(split, **settings):
    entry = {"dataset": "organism", "role": "harmful", "categories": ["theft"], "choose_on": split}
    return {"attack": {"benchmarks": {"harmful": {**entry, **settings}}},
            "run": {"benchmarks": ["harmful"]}}  # fmt: skip


@pytest.mark.parametrize(
    ("split", "said"),
    [
        ("evaluation", "'evaluation' is the split that is reported"),
        ("identification", "is the split of identification.unsafe, by which neurons are found"),
        ("validatoin", "choose_on: 'validatoin' has no prompts in organism"),
    ],
)
def test_attacks_are_chosen_on_prompts_that_are_there_and_used_for_nothing_else(
    split, said, tmp_path
):
    assert said in refusal(choosing(split), tmp_path)
