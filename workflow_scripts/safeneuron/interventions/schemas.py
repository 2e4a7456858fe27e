"""The tables of the attack's stages: what was answered, what judges said of it."""

from safeneuron.artifacts.tables import COUNT, FLAG, INDEX, REAL, TEXT, schema

CELL = {
    "level": TEXT,  # the paper's ori, es, sas, full
    "selector": TEXT,  # none, es, sas, full, or random: as many neurons a layer as the level's set
    "operator": TEXT,  # none, zero_ablate, weights, pin
    "fraction": REAL,  # of the model's neurons; null for the neuron set as identified
    "strength": REAL,  # of the operator; null where it has none
    "control_seed": INDEX,  # of the random selector; null otherwise
    "n_neurons": COUNT,
}
"""The columns that say which pruned variant of the model a row is about."""

PROMPT = {"benchmark": TEXT, "category": TEXT, "prompt_id": TEXT}
"""The columns that say what was asked."""

RESPONSES = schema(**CELL, **PROMPT, response=TEXT, tokens=COUNT, finish=TEXT)
VERDICTS = schema(**CELL, **PROMPT, judge=TEXT, verdict=TEXT, exact=FLAG, reason=TEXT)
