# Input functions and settings, stage by stage.
from safeneuron.experiment import contrasts, identification

# identification
IDENTIFICATION = CONFIG.identification
TOPIC = stages.topic_control(CONFIG)


# align
ALIGN = CONFIG.align
MIXES = training.mix_names(CONFIG)


def mixes_of(models):
    """The mixes that models are aligned on, each once."""
    return list(dict.fromkeys(training.mix_of(CONFIG, model) for model in models))


def preferences_of(models):
    """The tables of the mixes that models are aligned on."""
    return PATHS.preferences(mixes_of(models))


# attack
ATTACK = CONFIG.attack
ATTACKED_STATES = attacks.attacked_states(CONFIG)
ANSWERED = attacks.answered(CONFIG)
VERDICTS = attacks.verdicts(CONFIG, PATHS, ANSWERED)
SHOWN_VERDICTS = attacks.shown_verdicts(CONFIG, PATHS, ANSWERED)
ACTING_STATES = training.acting_states(CONFIG, ATTACKED_STATES)
BENCHMARKS = attacks.asked_benchmarks(CONFIG)
ASKED_PROMPTS = prompts_of(
    dict.fromkeys(benchmark.dataset for benchmark in BENCHMARKS.values())
)
IMAGE_BENCHMARKS = attacks.image_benchmarks(CONFIG)


def attack_sets(wildcards):
    """The set that an attack targets: of the attacked state, or of its T0 if static."""
    return attacks.neuron_sets(CONFIG, PATHS, state_of(wildcards), wildcards.attack)


if ATTACKED:
    TABLES += PATHS.table("attack_success")
if attacks.judges_are_compared(CONFIG):
    TABLES += PATHS.table("judge_agreement")
if any(benchmark.role == "safe" for benchmark in BENCHMARKS.values()):
    TABLES += PATHS.table("over_refusal")
PAPER_TABLES = [
    path
    for name in ("table_1", "worst_case", "contrasts", "table_2")
    for path in PATHS.table(name, ("parquet", "csv", "md"))
]
PAPER_TABLES += PATHS.table("worst_case_by_seed")
TABLES += PAPER_TABLES if ATTACKED and CONFIG.attacks else []
if any(BENCHMARKS[name].role == "harmful" for name in IMAGE_BENCHMARKS):
    TABLES += PATHS.table("table_3", ("parquet", "csv", "md"))


# capability
CAPABILITY = CONFIG.capability
CAPABILITY_MODELS = ATTACKED if CAPABILITY.models is None else CAPABILITY.models
CAPABILITY_RUNS = attacks.capability_runs(CONFIG, CAPABILITY_MODELS)


# prompts that sets share
PROMPT_SETS = identification.compared_prompts(CONFIG, BENCHMARKS if ATTACKED else {})
