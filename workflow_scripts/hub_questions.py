"""Download the questions of a capability task from the hub into a question table."""

import logging
from typing import Any

from safeneuron.artifacts.tables import write_rows
from safeneuron.command import stage
from safeneuron.data.hub import HubSource, hub_records
from safeneuron.data.questions import QUESTIONS, check_questions, question_rows

if __name__ == "__main__":
    with stage(__doc__, dict[str, Any]) as args:
        settings = args.settings
        rows: list[dict[str, Any]] = []
        for part, split in settings["splits"].items():
            source = HubSource(**settings["hub"] | {"split": split})
            rows += question_rows(
                settings["form"], part, hub_records(source), f"{source.id}/{split}"
            )
        check_questions(rows, settings["n_shot"], settings["task"])
        write_rows(args.out, QUESTIONS, rows)
        logging.info("%d questions and shots", len(rows))
