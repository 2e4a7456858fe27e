"""Questions of capability benchmarks: their public layouts, read into one table.

The layouts are those of the hub's data sets, and of the files that TruthfulQA (`mc_task.json`) and
MMLU (`SUBJECT_SPLIT.csv`, no header) are published in. Errors name the source and the row.
"""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from safeneuron.artifacts.tables import INDEX, TEXT, schema
from safeneuron.data.hub_files import HubFiles
from safeneuron.data.records import Record, check_file, file_records, read_text
from safeneuron.errors import SourceError
from safeneuron.settings import Name, Section

PARTS = ("questions", "shots")
"""What is asked, and the answered examples that are shown before it."""

QUESTIONS = schema(
    question_id=TEXT,
    part=TEXT,
    subject=TEXT,  # null but for MMLU
    question=TEXT,
    choices=pa.list_(pa.field("element", TEXT)),  # empty if there are none
    labels=pa.list_(pa.field("element", INDEX)),  # 1 for a true choice, else 0
    answer=TEXT,  # in full; null where there are choices
)

Form = Literal["arc", "truthfulqa_mc1", "truthfulqa_mc2", "gsm8k", "mmlu"]


class Questions(Section):
    """Settings of `file_questions` and `hub_questions`.

    Attributes:
        task: key of `capability.tasks`, as messages name it.
        form: layout of the questions.
        n_shot: answered examples that each question is asked with.
    """

    task: Name
    form: Form
    n_shot: int


class HubQuestions(Questions):
    """Settings of `hub_questions`: also where the questions are, and the split of the examples."""

    hub: HubFiles
    shots: str | None


_MIN_QUESTIONS = 2  # of a subject: a standard error needs two


def file_questions(form: Form, files: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    """Rows of `QUESTIONS` from files.

    Args:
        form: arc, truthfulqa_mc1, truthfulqa_mc2, gsm8k or mmlu.
        files: part -> csv, json, jsonl or parquet files.

    Raises:
        SourceError: a file is missing, unreadable, empty or of another layout.
    """
    return [
        row
        for part in PARTS
        for path in map(Path, files[part])
        for row in question_rows(form, part, _records(form, path), str(path))
    ]


def question_rows(
    form: Form, part: str, records: Iterable[Record], where: str
) -> Iterator[dict[str, Any]]:
    """Rows of `QUESTIONS` from the rows of a source.

    Raises:
        SourceError: a row is not of the form's layout; names source, row and columns.
    """
    for number, record in enumerate(records, start=1):
        try:
            row = {
                "subject": None,
                "choices": [],
                "labels": [],
                "answer": None,
                **_READ[form](record),
            }
            right = sum(row["labels"])
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            raise SourceError(
                f"{where}: row {number} is not of the layout of '{form}' "
                f"({type(error).__name__}: {error}); its columns are {list(record)}"
            ) from None
        if row["choices"] and (right == 0 or (right > 1 and form != "truthfulqa_mc2")):
            raise SourceError(f"{where}: row {number} has {right} right choices")
        stem = Path(where).stem
        yield {"question_id": f"{stem}-{number}", "part": part, **row}


def check_questions(rows: Sequence[Mapping[str, Any]], n_shot: int, where: str) -> None:
    """Raise unless every subject has two questions, and as many examples as it is asked with.

    Raises:
        SourceError: names the subject and the counts.
    """
    counts = Counter((row["part"], row["subject"]) for row in rows)
    for subject in dict.fromkeys(row["subject"] for row in rows):
        questions, shots = (counts[part, subject] for part in PARTS)
        of = f" of subject '{subject}'" if subject else ""
        if questions < _MIN_QUESTIONS:
            raise SourceError(
                f"{where}: {questions} questions{of}; at least {_MIN_QUESTIONS} are needed"
            )
        if shots < n_shot:
            raise SourceError(f"{where}: {shots} shots{of}; n_shot is {n_shot}")


def _records(form: Form, path: Path) -> Iterable[Record]:
    return _mmlu_csv(path) if form == "mmlu" and path.suffix == ".csv" else file_records(path)


def _mmlu_csv(path: Path) -> Iterator[Record]:
    check_file(path)
    subject = path.stem.rpartition("_")[0]
    for number, cells in enumerate(csv.reader(StringIO(read_text(path), newline="")), start=1):
        if len(cells) != 6 or cells[5] not in tuple("ABCD"):
            raise SourceError(
                f"{path}: line {number} is not of MMLU's layout: question, four choices and one of "
                f"A, B, C, D (it has {len(cells)} cells)"
            )
        question, *choices, key = cells
        answer = "ABCD".index(key)
        yield {"question": question, "subject": subject, "choices": choices, "answer": answer}


def _arc(record: Record) -> dict[str, Any]:
    choices = record["choices"]
    labels = [int(label == record["answerKey"]) for label in choices["label"]]
    return {"question": record["question"], "choices": choices["text"], "labels": labels}


def _truthfulqa(targets: str) -> Any:
    def read(record: Record) -> dict[str, Any]:
        found = record[targets]
        if found.keys() != {"choices", "labels"}:
            found = {"choices": list(found), "labels": list(found.values())}
        return {"question": record["question"], **found}

    return read


def _gsm8k(record: Record) -> dict[str, Any]:
    return {"question": record["question"], "answer": record["answer"]}


def _mmlu(record: Record) -> dict[str, Any]:
    labels = [int(index == record["answer"]) for index in range(4)]
    columns = ("question", "subject", "choices")
    return {**{name: record[name] for name in columns}, "labels": labels}


_READ = {
    "arc": _arc,
    "truthfulqa_mc1": _truthfulqa("mc1_targets"),
    "truthfulqa_mc2": _truthfulqa("mc2_targets"),
    "gsm8k": _gsm8k,
    "mmlu": _mmlu,
}
