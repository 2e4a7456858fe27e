"""Read the questions of a capability task from a user's files into a question table."""

import logging

from safeneuron.artifacts.tables import write_rows
from safeneuron.command import stage
from safeneuron.data.questions import QUESTIONS, Questions, check_questions, file_questions

if __name__ == "__main__":
    with stage(__doc__, Questions, many=("questions", "shots")) as args:
        settings: Questions = args.settings
        files = {part: list(map(str, getattr(args, part))) for part in ("questions", "shots")}
        rows = file_questions(settings.form, files)
        check_questions(rows, settings.n_shot, settings.task)
        write_rows(args.out, QUESTIONS, rows)
        logging.info("%d questions and shots", len(rows))
