"""Capability tasks: what is wrong with them is said before any job runs."""

import pytest

from safeneuron.config.load import ConfigError, load_config
from safeneuron.data.questions import HubQuestions
from safeneuron.experiment import stages
from safeneuron.experiment.checks import check_inputs
from unit.capability import benchmarks
from unit.experiment.refusals import refusal


@pytest.fixture
def files(tmp_path):
    return benchmarks.write(tmp_path)


def configured(form, files, *, n_shot=0, **capability):
    task = {"kind": "file", "form": form, "n_shot": n_shot, **files[form]}
    return {"capability": {"tasks": {"mine": task}, "run": ["mine"], **capability}}


def hub(**keys):
    task = {"kind": "hub", "form": "arc", "hub": {"id": "a/b", "split": "test"}, **keys}
    return {"capability": {"tasks": {"mine": task}}}


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (hub(n_shot=25), "capability.tasks.mine: n_shot 25 needs 'shots', the split"),
        (hub(n_shot=1, shots="test"), "split 'test' holds the questions and the shots"),
        (hub(form="truthfulqa_mc1", n_shot=5), "'truthfulqa_mc1' brings its examples, use 0"),
        (hub(form="arcs"), "capability.tasks.mine.form"),
        (hub(limit=1), "capability.tasks.mine.limit"),
        ({"capability": {"run": ["arc"]}}, "capability.run: 'arc' is not in 'capability.tasks'"),
        ({"capability": {"models": ["x"]}}, "capability.models: 'x' is not in 'run.models'"),
        (
            {"capability": {"attacks": {"papper": {}}}},
            "capability.attacks: 'papper' is not in 'attack.attacks', did you mean 'paper'?",
        ),
    ],
)
def test_a_wrong_section_is_named(raw, says):
    with pytest.raises(ConfigError) as caught:
        load_config(raw)
    assert says in str(caught.value)


def test_a_question_is_never_its_own_example(files):
    files["arc"]["shots"] = files["arc"]["questions"]
    with pytest.raises(ConfigError, match=r"arc\.jsonl is in 'questions' and in 'shots'"):
        load_config(configured("arc", files, n_shot=2))


def test_files_are_read_before_any_job(files, tmp_path):
    check_inputs(load_config(configured("arc", files, n_shot=8)), tmp_path)
    text = refusal(configured("arc", files, n_shot=9), tmp_path)
    assert text.startswith("capability.tasks.mine: ")
    assert "8 shots; n_shot is 9" in text
    files["gsm8k"]["questions"] = files["arc"]["questions"]
    text = refusal(configured("gsm8k", files), tmp_path)
    assert "arc.jsonl: row 1 is not of the layout of 'gsm8k'" in text
    files["arc"]["questions"] = [str(tmp_path / "none.jsonl")]
    assert "none.jsonl: no such file" in refusal(configured("arc", files), tmp_path)


def test_files_of_tasks_that_do_not_run_are_not_read(files, tmp_path):
    files["arc"]["questions"] = ["none.jsonl"]
    check_inputs(load_config(configured("arc", files, run=[])), tmp_path)


def test_the_whole_definition_is_among_the_settings_so_that_a_changed_one_reruns(files):
    asked = stages.capability_asked(load_config(configured("gsm8k", files, n_shot=5)), "mine")
    assert asked["definition"]["doc_to_text"] == "Question: {{question}}\nAnswer:"
    assert asked["definition"]["metadata"] == {"version": 3.0}
    assert {k: v for k, v in asked.items() if k != "definition"} == {
        "task": "mine", "n_shot": 5, "limit": None, "chat_template": False, "batch_size": 8,
    }  # fmt: skip


def test_questions_of_the_hub_name_both_splits():
    config = load_config(hub(n_shot=25, shots="train"))
    for settings, shots in (
        (stages.questions(config, "mine"), "train"),
        (stages.questions(load_config(hub()), "mine"), None),
    ):
        of = HubQuestions(**settings)
        assert (of.task, of.hub.split, of.shots) == ("mine", "test", shots)
