"""Prompts that T0 answers only under attack, and what each arm's last round does with them."""

from safeneuron.artifacts.files import write_text
from safeneuron.artifacts.tables import read_tables, write_rows
from safeneuron.command import stage
from safeneuron.interventions.schemas import RESPONSES, VERDICTS
from safeneuron.results.case_studies import (
    CASE_STUDIES,
    CaseStudiesSettings,
    case_studies,
    introduction,
    read_answers,
)

if __name__ == "__main__":
    with stage(
        __doc__,
        CaseStudiesSettings,
        many=("verdicts", "responses", "validations"),
        outputs=("table", "page"),
    ) as args:
        verdicts = read_tables(args.verdicts, VERDICTS)
        answers = read_answers(verdicts, read_tables(args.responses, RESPONSES))
        rows, sections = case_studies(answers, args.validations, args.settings)
        write_rows(args.table, CASE_STUDIES, rows)
        write_text(args.page, "\n".join([introduction(args.settings), *sections]))
