"""The table of neurons that were tried one by one, and of which one was chosen."""

from pathlib import Path

from safeneuron.artifacts.tables import FLAG, INDEX, REAL, STATE, TEXT, read_table, schema

CANDIDATES = schema(
    **STATE,
    attack=TEXT,
    layer=INDEX,
    neuron=INDEX,
    score=REAL,  # gradient times gap
    operator=TEXT,  # zero_ablate, pin_gap
    strength=REAL,  # gaps that the neuron is held beyond its safe mean; null where it is zero
    log_odds=REAL,  # of a refusal's first token, mean over unsafe prompts
    kl=REAL,  # of the clean model's first token from the attacked one's, mean over safe prompts
    within=FLAG,  # of the bound on kl
    chosen=FLAG,
)


def read_chosen(path: Path) -> tuple[int, int]:
    """Layer and number of the neuron that was chosen."""
    (row,) = (row for row in read_table(path, CANDIDATES).to_pylist() if row["chosen"])
    return row["layer"], row["neuron"]
