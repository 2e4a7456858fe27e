"""Download the questions of a capability task from the hub into a question table."""

import logging
from typing import Any

from safeneuron.artifacts.tables import write_rows
from safeneuron.command import stage
from safeneuron.data.hub import hub_records
from safeneuron.data.questions import QUESTIONS, HubQuestions, check_questions, question_rows

if __name__ == "__main__":
    with stage(__doc__, HubQuestions) as args:
        settings: HubQuestions = args.settings
        rows: list[dict[str, Any]] = []
        for part, split in (("questions", settings.hub.split), ("shots", settings.shots)):
            if split is not None:
                hub = settings.hub.model_copy(update={"split": split})
                rows += question_rows(settings.form, part, hub_records(hub), f"{hub.id}/{split}")
        check_questions(rows, settings.n_shot, settings.task)
        write_rows(args.out, QUESTIONS, rows)
        logging.info("%d questions and shots", len(rows))
