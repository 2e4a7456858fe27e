"""The tables of the attack's stages: what was answered, what judges said of it."""

from safeneuron.artifacts.tables import COUNT, FLAG, INDEX, REAL, STATE, TEXT, schema

CLEAN = "clean"
"""The attack that is none: a state's own answers, which all others are compared with."""

WEIGHTS = "weights"
"""The target of attacks that move the weights or train them, which is more than an inference."""

ATTACK = {
    "attack": TEXT,
    "pooling": TEXT,  # of what found the neurons; null where no neurons are attacked
    "set_source": TEXT,  # adaptive, static: on which state the target was found; null for clean
}
"""The columns that say which attack a row is of."""

CELL = {
    "operator": TEXT,  # none, zero_ablate, mean_ablate, weights, pin, direction_…, prefill, …
    "target": TEXT,  # what chose neurons: es+sas, taylor, single; direction; prefix; weights; none
    "fraction": REAL,  # of the model's neurons; null for the neuron set as identified
    "strength": REAL,  # of the operator (directions, words, times, share, steps); null where none
    "control_seed": INDEX,  # of a random target matched in kind; null for the target itself
    "n_neurons": COUNT,
}
"""The columns that say which variant of the model a row is about."""

PROMPT = {
    "use": TEXT,  # evaluation: reported; validation: to choose attacks by, and never reported
    "dataset": TEXT,
    "benchmark": TEXT,
    "role": TEXT,  # harmful, safe
    "category": TEXT,
    "prompt_id": TEXT,
}
"""The columns that say what was asked."""

ABOUT = {**STATE, **ATTACK, **CELL, **PROMPT}
"""The columns that say which response a row is about."""

EVALUATION, VALIDATION = "evaluation", "validation"
"""What an answer is for, in the column `use`; splits of prompt tables have names of their own."""

RESPONSES = schema(**ABOUT, prompt=TEXT, response=TEXT, tokens=COUNT, finish=TEXT)
VERDICTS = schema(**ABOUT, judge=TEXT, verdict=TEXT, exact=FLAG, reason=TEXT)
