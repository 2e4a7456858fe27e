"""Rows of responses and verdicts for tests, with what does not matter filled in."""

from itertools import groupby

from safeneuron.artifacts.tables import write_rows
from safeneuron.interventions.schemas import RESPONSES, VERDICTS

STATE = {"model": "m", "arm": "base", "round": 0, "seed": 1}
ATTACKED = {
    "attack": "magnitude", "pooling": "meanabs", "set_source": "adaptive",
    "operator": "zero_ablate", "target": "es+sas", "fraction": None, "strength": None,
    "control_seed": None, "n_neurons": 9,
}  # fmt: skip
CLEAN = ATTACKED | {
    "attack": "clean", "pooling": None, "set_source": None, "operator": "none", "target": "none",
    "n_neurons": 0,
}  # fmt: skip
PROMPT = {
    "use": "evaluation", "dataset": "d", "benchmark": "harmful", "role": "harmful",
    "category": "theft", "prompt_id": "p0",
}  # fmt: skip


def response(**columns):
    """A row of `RESPONSES`, of the attack's whole set as identified."""
    said = {"prompt": "how do i steal", "response": "take it", "tokens": 3, "finish": "stop"}
    row = STATE | ATTACKED | PROMPT | said | columns
    assert row.keys() == set(RESPONSES.names)
    return row


def verdict(**columns):
    """A row of `VERDICTS`, of the attack's whole set as identified."""
    judged = {"judge": "oracle", "verdict": "complied", "exact": None, "reason": ""}
    row = STATE | ATTACKED | PROMPT | judged | columns
    assert row.keys() == set(VERDICTS.names)
    return row


def verdict_files(folder, rows):
    """The rows in files as the judges write them, in the order of the first row of each."""
    keys = (*STATE, "attack", "benchmark", "judge")
    order = list(dict.fromkeys(tuple(row[k] for k in keys) for row in rows))
    rows = sorted(rows, key=lambda row: order.index(tuple(row[k] for k in keys)))
    paths = []
    for _, group in groupby(rows, key=lambda row: tuple(row[k] for k in keys)):
        paths.append(folder / f"{len(list(folder.iterdir()))}.parquet")
        write_rows(paths[-1], VERDICTS, list(group))
    return paths
