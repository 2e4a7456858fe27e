"""lm-eval on a tiny model against plain torch, and our tasks against lm-eval's own."""

import math
import socket
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from datasets import Dataset, DatasetDict

import families
from safeneuron.capability.definitions import definition
from safeneuron.data.questions import file_questions
from safeneuron.interventions.cell import Cell, clean_cell
from safeneuron.interventions.intervention import Intervention
from safeneuron.interventions.zero_ablate import ZeroAblate
from unit.capability import benchmarks

pytest.importorskip("lm_eval", reason="installed by choice: make test-capability")
from lm_eval import tasks as lm_eval_tasks
from lm_eval.api.task import ConfigurableTask
from lm_eval.models.huggingface import HFLM

from safeneuron.capability.harness import build_tasks, measure, share_of_true

SHOTS = {"arc": 3, "gsm8k": 2, "mmlu": 2, "truthfulqa_mc1": 0, "truthfulqa_mc2": 0}
GRID = (families.LAYERS, families.NEURONS)
CLEAN = clean_cell()


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("a test reached for the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture
def files(tmp_path):
    return benchmarks.write(tmp_path)


@pytest.fixture
def asked_of(monkeypatch):
    """What each evaluation asks the model: its (context, continuation) pairs."""
    said = []
    ask = HFLM.loglikelihood

    def recorded(lm, requests, **options):
        said.append([request.args for request in requests])
        return ask(lm, requests, **options)

    monkeypatch.setattr(HFLM, "loglikelihood", recorded)
    return said


@pytest.fixture(scope="module")
def model():
    return families.build("llama")


def zeroing(share):
    mask = np.random.default_rng(0).random(GRID) < share
    return Cell("es+sas", None, None, Intervention(ZeroAblate(), mask))


def asked(form, **changes):
    return {
        "task": form, "definition": definition(form), "n_shot": SHOTS[form], "limit": None,
        "chat_template": False, "batch_size": 3, **changes,
    }  # fmt: skip


def measured(model, form, files, cells=(CLEAN,), **changes):
    questions = file_questions(form, files[form])
    return measure(model, families.TOKENIZER, cells, questions, **asked(form, **changes))


def value(rows, metric, **where):
    (row,) = (r for r in rows if r["metric"] == metric and r.items() >= where.items())
    return row["value"]


@torch.inference_mode()
def loglikelihood(model, context, continuation):
    """log p(continuation | context), token by token, from one unpadded forward pass."""
    ids = families.TOKENIZER(context)["input_ids"]
    whole = families.TOKENIZER(context + continuation)["input_ids"]
    assert whole[: len(ids)] == ids
    logs = torch.log_softmax(model(input_ids=torch.tensor([whole])).logits[0].float(), dim=-1)
    return sum(logs[at - 1, whole[at]].item() for at in range(len(ids), len(whole)))


def test_arc_is_what_plain_torch_gives(model, files):
    rows = measured(model, "arc", files, n_shot=0)
    right = {"acc": [], "acc_norm": []}
    for row in benchmarks.ARC:
        choices = row["choices"]["text"]
        context = f"Question: {row['question']}\nAnswer:"
        logs = [loglikelihood(model, context, f" {choice}") for choice in choices]
        normed = [log / len(choice) for log, choice in zip(logs, choices, strict=True)]
        right["acc"].append(np.argmax(logs) == 1)
        right["acc_norm"].append(np.argmax(normed) == 1)
    assert 0 < np.mean(right["acc"]) < 1  # else nothing is tested
    assert {r["metric"] for r in rows} == set(right)
    for row in rows:
        hits = np.array(right[row["metric"]], dtype=float)
        assert row["value"] == pytest.approx(hits.mean())
        assert row["stderr"] == pytest.approx(hits.std(ddof=1) / math.sqrt(len(hits)))
        assert row["n"] == 6


def test_mc2_is_what_plain_torch_gives(model, files):
    prompt = definition("truthfulqa_mc2")["doc_to_text"]
    shares = []
    for row in benchmarks.TRUTHFULQA:
        context = prompt.replace("{{question}}", row["question"])
        logs = [loglikelihood(model, context, f" {c}") for c in row["mc2_targets"]]
        p = np.exp(logs)
        shares.append(p[:2].sum() / p.sum())
    (row,) = measured(model, "truthfulqa_mc2", files)
    assert row["value"] == pytest.approx(np.mean(shares), rel=1e-4)
    assert row["stderr"] == pytest.approx(np.std(shares, ddof=1) / 2, rel=1e-3)


def test_mc2_of_answers_far_too_unlikely_for_a_float():
    logs = [(-2000.0, False), (-2000.0, False), (-2000.0 + math.log(2), False)]
    assert share_of_true({"labels": [1, 0, 0]}, logs) == {"acc": pytest.approx(0.25)}


def test_mmlu_counts_every_question_once(model, files):
    rows = measured(model, "mmlu", files)
    by_subject = {r["subject"]: r for r in rows}
    assert {s: r["n"] for s, r in by_subject.items()} == {
        None: 6,
        "high_school_sums": 2,
        "colours": 4,
    }
    expected = (
        2 * by_subject["high_school_sums"]["value"] + 4 * by_subject["colours"]["value"]
    ) / 6
    assert by_subject[None]["value"] == pytest.approx(expected)


@pytest.mark.parametrize("form", ["arc", "truthfulqa_mc2", "mmlu"])
def test_zeroing_nothing_changes_nothing_and_the_model_is_clean_after_an_attack(model, files, form):
    """Also: every cell sees the same examples, though lm-eval draws them one by one."""
    rows = measured(model, form, files, [CLEAN, zeroing(0.5), CLEAN])
    a, _, b = (rows[i * len(rows) // 3 : (i + 1) * len(rows) // 3] for i in range(3))
    assert a == b


def test_every_cell_is_asked_in_the_same_words(model, files, asked_of):
    measured(model, "arc", files, [CLEAN, zeroing(0.5)])
    assert asked_of[0] == asked_of[1]
    assert len({context for context, _ in asked_of[0]}) == 6


def test_zeroing_changes_the_numbers_to_those_of_zeroed_weights(files):
    model = families.build("llama")
    cell = zeroing(0.5)
    clean, attacked = measured(model, "truthfulqa_mc2", files, [CLEAN, cell])
    assert (clean["target"], clean["n_neurons"]) == ("none", 0)
    assert (attacked["target"], attacked["n_neurons"]) == ("es+sas", cell.intervention.size)
    assert abs(attacked["value"] - clean["value"]) > 1e-3
    with torch.no_grad():
        for layer, row in zip(model.model.layers, cell.intervention.target, strict=True):
            layer.mlp.down_proj.weight[:, torch.from_numpy(row)] = 0
    (surgery,) = measured(model, "truthfulqa_mc2", files)
    assert attacked["value"] == pytest.approx(surgery["value"], rel=1e-6)


def test_gsm8k_reads_the_generated_number(model, files, monkeypatch):
    replies = ["... #### 4", "the answer is 6", "#### 9", ""]
    monkeypatch.setattr(HFLM, "generate_until", lambda lm, requests, **_: replies)
    rows = measured(model, "gsm8k", files)
    assert value(rows, "exact_match,strict-match") == 0.25
    assert value(rows, "exact_match,flexible-extract") == 0.5


def test_gsm8k_generates(model, files):
    rows = measured(model, "gsm8k", files, limit=2)
    assert {(r["value"], r["n"]) for r in rows} == {(0.0, 2)}


def test_a_chat_template_wraps_the_question(model, files, asked_of):
    measured(model, "truthfulqa_mc1", files, chat_template=True)
    ((context, continuation), *_) = asked_of[0]
    plain = definition("truthfulqa_mc1")["doc_to_text"].replace("{{question}}", "Is 0 a number?")
    turn = [{"role": "user", "content": plain}]
    assert context == families.TOKENIZER.apply_chat_template(
        turn, tokenize=False, add_generation_prompt=True
    )
    assert continuation == "Yes, it is"


def test_rows_say_how_they_were_measured(model, files):
    row = measured(model, "truthfulqa_mc1", files)[0]
    assert row["task_version"] == "2.0"
    assert row["lm_eval"] == "0.4.13"
    assert (row["n_shot"], row["chat_template"]) == (0, False)


# lm-eval's own definition of each form, and the same questions in the layout that it reads
OWN = {
    "arc": "arc/arc_easy.yaml",
    "truthfulqa_mc1": "truthfulqa/truthfulqa_mc1.yaml",
    "truthfulqa_mc2": "truthfulqa/truthfulqa_mc1.yaml",  # which truthfulqa_mc2 includes
    "gsm8k": "gsm8k/gsm8k.yaml",
}


def of_the_hub(form, rows):
    if form.startswith("truthfulqa"):
        return [
            {
                "question": row["question"],
                **{
                    name: {"choices": list(row[name]), "labels": list(row[name].values())}
                    for name in ("mc1_targets", "mc2_targets")
                },
            }
            for row in rows
        ]
    return rows


def requests(task, n_shot):
    task.set_config("num_fewshot", n_shot)
    task.set_fewshot_seed(1234)
    task.build_all_requests()
    return [request.args for request in task.instances]


@pytest.mark.parametrize("form", OWN)
def test_our_tasks_ask_and_score_as_lm_evals_own(form, files):
    own = yaml.safe_load((Path(lm_eval_tasks.__file__).parent / OWN[form]).read_text())
    if form == "truthfulqa_mc2":
        own["doc_to_choice"] = "{{mc2_targets.choices}}"
        own["metadata"]["version"] = 3.0
    data = {
        "arc": (benchmarks.ARC, benchmarks.ARC_SHOTS),
        "gsm8k": (benchmarks.GSM8K[:4], benchmarks.GSM8K[4:]),
    }.get(form, (benchmarks.TRUTHFULQA, []))
    parts = dict(zip(("test", "train"), data, strict=True))
    parts["validation"] = parts["test"]
    dataset = DatasetDict(
        {part: Dataset.from_list(of_the_hub(form, rows)) for part, rows in parts.items() if rows}
    )
    theirs = ConfigurableTask(config={**own, "custom_dataset": lambda **_: dataset})
    (ours,) = build_tasks(definition(form), 0, file_questions(form, files[form])).values()
    assert requests(ours, SHOTS[form]) == requests(theirs, SHOTS[form])
    assert definition(form)["metadata"] == own["metadata"]
    targets = [[task.doc_to_target(doc) for doc in task.eval_docs] for task in (ours, theirs)]
    assert targets[0] == targets[1]
    assert ours.config.metric_list == theirs.config.metric_list
    assert ours.config.filter_list == theirs.config.filter_list
    assert ours.config.generation_kwargs == theirs.config.generation_kwargs


def test_our_mmlu_asks_as_lm_evals_own(files):
    folder = Path(lm_eval_tasks.__file__).parent / "mmlu" / "default"
    own = yaml.safe_load((folder / "_default_template_yaml").read_text())
    rows = {
        split: [
            {"question": q, "subject": "high_school_sums", "choices": [*map(str, c)], "answer": 1}
            for q, *c, _ in part
        ]
        for split, part in (
            ("test", benchmarks.MMLU["high_school_sums"][2:]),
            ("dev", benchmarks.MMLU["high_school_sums"][:2]),
        )
    }
    dataset = DatasetDict({split: Dataset.from_list(part) for split, part in rows.items()})
    description = (
        "The following are multiple choice questions (with answers) about high school sums.\n\n"
    )
    theirs = ConfigurableTask(
        config={**own, "description": description, "custom_dataset": lambda **_: dataset}
    )
    ours = build_tasks(definition("mmlu"), 0, file_questions("mmlu", files["mmlu"]))
    assert requests(ours["high_school_sums"], 2) == requests(theirs, 2)
