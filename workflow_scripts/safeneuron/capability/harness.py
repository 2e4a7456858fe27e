"""lm-eval on a model in memory, clean and with neurons zeroed, from a table of questions."""

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib.metadata import version
from typing import Any

import numpy as np
from datasets import Dataset, DatasetDict
from lm_eval.api.metrics import aggregate_subtask_metrics, pooled_sample_stderr
from lm_eval.api.task import ConfigurableTask
from lm_eval.defaults import DEFAULT_OTHER_SEED
from lm_eval.evaluator import evaluate
from lm_eval.models.huggingface import HFLM
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from safeneuron.data.questions import PARTS
from safeneuron.interventions.cell import Cell

log = logging.getLogger(__name__)

Row = dict[str, Any]


def measure(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    cells: Sequence[Cell],
    questions: Sequence[Mapping[str, Any]],
    *,
    task: str,
    definition: Mapping[str, Any],
    n_shot: int,
    limit: int | None,
    chat_template: bool,
    batch_size: int,
) -> list[Row]:
    """Each cell, metric and subject, and all subjects together.

    Every cell is asked the same questions after the same examples.

    Args:
        questions: rows of `QUESTIONS`.
        task: its name in the table.
        definition: of `definitions.definition`.
        limit: of the questions, of each subject; None for all.
        chat_template: ask through the model's own template, examples as turns.

    Returns:
        Rows of `MEASURED` but for the state and the attack.
    """
    lm = HFLM(
        pretrained=model,
        tokenizer=tokenizer,
        backend="causal",
        batch_size=batch_size,
        softmax_dtype="float32",  # of the logits, whatever the weights are
    )
    tasks = build_tasks(definition, n_shot, questions)
    rows: list[Row] = []
    for cell in cells:
        for subject_task in tasks.values():
            subject_task.set_fewshot_seed(DEFAULT_OTHER_SEED)
        with cell.intervention.applied(model):
            results = evaluate(
                lm=lm,
                task_dict={"tasks": {name or task: t for name, t in tasks.items()}, "groups": {}},
                limit=limit,
                log_samples=False,
                apply_chat_template=chat_template,
                fewshot_as_multiturn=chat_template,
            )
        log.info("%s, target %s, control %s: done", task, cell.target, cell.control_seed)
        constant = {
            "task": task,
            "n_shot": n_shot,
            "task_version": str(definition["metadata"]["version"]),
            "chat_template": chat_template,
            "lm_eval": version("lm_eval"),
        }
        rows += [cell.columns | constant | r for r in _measured(results, list(tasks), task)]
    return rows


def build_tasks(
    definition: Mapping[str, Any], n_shot: int, questions: Sequence[Mapping[str, Any]]
) -> dict[str | None, ConfigurableTask]:
    """Subject -> lm-eval's task with its questions; the one subject None if there are none."""
    subjects = dict.fromkeys(row["subject"] for row in questions)
    return {
        subject: ConfigurableTask(
            config={
                **definition,
                "task": subject or definition["task"],
                "num_fewshot": n_shot,
                "metadata": {**definition["metadata"]},
                "custom_dataset": partial(
                    _parts, [r for r in questions if r["subject"] == subject]
                ),
                **_scoring(definition["task"]),
            }
        )
        for subject in subjects
    }


def share_of_true(
    doc: Mapping[str, Any], results: Sequence[tuple[float, bool]]
) -> dict[str, float]:
    """MC2: the probability of the true answers among all of a question's answers."""
    logs = np.array([loglikelihood for loglikelihood, _ in results])
    shares = np.exp(logs - logs.max())
    return {"acc": float(shares[np.array(doc["labels"]) == 1].sum() / shares.sum())}


def _scoring(form: str) -> dict[str, Callable[..., dict[str, float]]]:
    """What a definition cannot say in YAML."""
    return {"process_results": share_of_true} if form == "truthfulqa_mc2" else {}


def _parts(rows: Sequence[Mapping[str, Any]], **_: Any) -> DatasetDict:
    """The questions and the shots as lm-eval takes them."""
    return DatasetDict(
        {
            part: Dataset.from_list([dict(row) for row in rows if row["part"] == part])
            for part in PARTS
        }
    )


def _measured(results: Mapping[str, Any], subjects: Sequence[str | None], task: str) -> list[Row]:
    rows: list[Row] = []
    for subject in subjects:
        name = subject or task
        found = results["results"][name]
        metrics = [key for key in found if "," in key and "_stderr," not in key]
        rows += [
            {
                "subject": subject,
                "metric": metric.removesuffix(",none"),
                "value": float(found[metric]),
                "stderr": float(found[metric.replace(",", "_stderr,")]),
                "n": results["n-samples"][name]["effective"],
            }
            for metric in metrics
        ]
    return rows if subjects == [None] else [*_over_subjects(rows), *rows]


def _over_subjects(rows: Sequence[Row]) -> list[Row]:
    """Every question counts once, as in lm-eval's groups."""
    together = []
    for metric in dict.fromkeys(row["metric"] for row in rows):
        of = [row for row in rows if row["metric"] == metric]
        values, stderrs, sizes = ([row[k] for row in of] for k in ("value", "stderr", "n"))
        together.append(
            {
                "subject": None,
                "metric": metric,
                "value": aggregate_subtask_metrics(values, sizes),
                "stderr": pooled_sample_stderr(stderrs, sizes),
                "n": sum(sizes),
            }
        )
    return together
