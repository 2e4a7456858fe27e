"""Answers by what they are for: tables report some, and attacks are chosen by others."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from safeneuron.artifacts.tables import read_table
from safeneuron.interventions.schemas import EVALUATION, VERDICTS


def of_use(answers: pa.Table, use: str = EVALUATION) -> pa.Table:
    """The rows of a table of `RESPONSES` or `VERDICTS` that are reported, or of another use."""
    return answers.filter(pc.equal(answers["use"], use))


def read_verdicts(path: Path, use: str = EVALUATION) -> pa.Table:
    """The rows of a file of `VERDICTS` that are reported, or of another use."""
    return of_use(read_table(path, VERDICTS), use)
