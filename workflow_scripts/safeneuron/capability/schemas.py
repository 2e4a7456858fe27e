"""The tables of capability: of one task on one model state, and of all."""

from safeneuron.artifacts.tables import COUNT, FLAG, GATED_STATE, REAL, STATE, TEXT, schema
from safeneuron.interventions.schemas import CELL

_MEASURED = {
    "task": TEXT,
    "subject": TEXT,  # null for all questions of a task
    "metric": TEXT,  # lm-eval's name; with its filter, if it has one: exact_match,strict-match
    "value": REAL,
    "stderr": REAL,
    "n": COUNT,  # questions
    "n_shot": COUNT,
    "task_version": TEXT,
    "chat_template": FLAG,
    "lm_eval": TEXT,  # its version
}

MEASURED = schema(**STATE, attack=TEXT, **CELL, **_MEASURED)
CAPABILITY = schema(**GATED_STATE, attack=TEXT, **CELL, **_MEASURED)
