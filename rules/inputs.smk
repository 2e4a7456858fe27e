# Input functions and settings, stage by stage.
from safeneuron.experiment import identification

# identification
IDENTIFICATION = CONFIG.identification
TOPIC = stages.topic_control(CONFIG)


# align
ALIGN = CONFIG.align
MIXES = training.mix_names(CONFIG)


def preferences_of(models):
    """The mixes that models are aligned on."""
    return PATHS.preferences(training.mix_of(CONFIG, model) for model in models)


# attack
ATTACK = CONFIG.attack
BENCHMARKS = stages.asked_benchmarks(CONFIG)
ATTACKED_STATES = t0_states(ATTACKED) + aligned_states(ATTACKED)


def benchmarks_of(wildcards):
    """The benchmarks that an attacked model is asked."""
    return stages.benchmarks_of(CONFIG, wildcards.model)


def benchmark_prompts(wildcards):
    """The prompt tables of a model's benchmarks."""
    return prompts_of(sorted({b.dataset for b in benchmarks_of(wildcards).values()}))


def benchmark_datasets(wildcards):
    """A model's benchmarks -> the prompt sets that they are of."""
    return {name: b.dataset for name, b in benchmarks_of(wildcards).items()}


def attack_source(wildcards, kind):
    """The scores or the set that an attack uses: of the attacked state, or of its T0 if static."""
    attack = ATTACK.attacks[wildcards.attack]
    if attack.source == "static":
        state = f"{wildcards.model}/base/T0/s{wildcards.seed}"
    else:
        state = STATE.format(**wildcards)
    pooling = IDENTIFICATION.selections[attack.selection].pooling
    folder = {"scores": pooling, "sets": attack.selection}[kind]
    return f"{RESULTS}/{kind}/{state}/{folder}/overall.parquet"


def attack_settings(wildcards):
    """The cells of an attack, its benchmarks and its decoding."""
    attack = ATTACK.attacks[wildcards.attack]
    return canonical_json(
        {
            "levels": attack.levels,
            "fractions": attack.fractions,
            "control_seeds": list(range(attack.random_controls)),
            "operator": attack.operator.model_dump(),
            "benchmarks": {
                name: b.model_dump(exclude={"models"})
                for name, b in benchmarks_of(wildcards).items()
            },
            "max_new_tokens": ATTACK.max_new_tokens,
            "batch_size": CONFIG.compute.batch_size,
            "cpu_threads": CONFIG.compute.cpu_threads,
        }
    )


def attacks_on(state):
    """The attacks that a state undergoes."""
    return states.attacks_on(CONFIG, State(**state))


JUDGED = [
    {**state, "attack": attack}
    for state in ATTACKED_STATES
    for attack in attacks_on(state)
]
ATTACK_RUNS = [{**run, "judge": judge} for run in JUDGED for judge in JUDGES]
ROLES = {name: b.role for name, b in BENCHMARKS.items()}


def judge_checkpoint(wildcards):
    """The checkpoint of a model judge: a model without seeds, kept where T0 of seed 0 is."""
    model = MODEL_JUDGES[wildcards.judge].model
    return CHECKPOINT.format(model=model, arm="base", round=0, seed=0)


def model_judge_settings(wildcards):
    """How a model judge is asked, and about which prompts."""
    return canonical_json(
        {
            "judge": wildcards.judge,
            "kind": MODEL_JUDGES[wildcards.judge].kind,
            "datasets": benchmark_datasets(wildcards),
            "harmful": [
                n for n, b in benchmarks_of(wildcards).items() if b.role == "harmful"
            ],
            "batch_size": CONFIG.compute.batch_size,
            "cpu_threads": CONFIG.compute.cpu_threads,
        }
    )


def attack_success_context(run):
    """The columns that are the same for all rows of one verdict table."""
    attack = ATTACK.attacks[run["attack"]]
    return {
        **{name: run[name] for name in ("model", "arm", "round", "seed", "attack")},
        "pooling": IDENTIFICATION.selections[attack.selection].pooling,
        "set_source": attack.source,
    }


if ATTACKED:
    TABLES += expand(
        f"{RESULTS}/tables/attack_success.{{ending}}", ending=("parquet", "csv")
    )
if ATTACKED and len(JUDGES) > 1:
    TABLES += expand(
        f"{RESULTS}/tables/judge_agreement.{{ending}}", ending=("parquet", "csv")
    )
if ATTACKED and "safe" in ROLES.values():
    TABLES += expand(
        f"{RESULTS}/tables/over_refusal.{{ending}}", ending=("parquet", "csv")
    )
PAPER_TABLES = expand(
    f"{RESULTS}/tables/{{name}}.{{ending}}",
    name=("table_1", "worst_case", "contrasts", "table_2"),
    ending=("parquet", "csv", "md"),
)
TABLES += PAPER_TABLES if ATTACKED else []
IMAGE_BENCHMARKS = stages.image_benchmarks(CONFIG)
if any(ROLES[name] == "harmful" for name in IMAGE_BENCHMARKS):
    TABLES += expand(
        f"{RESULTS}/tables/table_3.{{ending}}", ending=("parquet", "csv", "md")
    )


# capability
CAPABILITY = CONFIG.capability
CAPABILITY_MODELS = ATTACKED if CAPABILITY.models is None else CAPABILITY.models
CAPABILITY_RUNS = [
    {**state, "attack": attack, "task": task}
    for state in t0_states(CAPABILITY_MODELS) + aligned_states(CAPABILITY_MODELS)
    for attack in ("clean", *(a for a in attacks_on(state) if a in CAPABILITY.attacks))
    for task in CAPABILITY.run
]


def capability_sources(wildcards, kind):
    """The scores or the set of the attack that capability is measured under, none if clean."""
    return [] if wildcards.attack == "clean" else attack_source(wildcards, kind)


def capability_settings(wildcards):
    """The questions' form, and the cells of an attack; no cells if clean."""
    pruning = CAPABILITY.attacks.get(wildcards.attack)
    return canonical_json(
        {
            "asked": stages.capability_asked(CONFIG, wildcards.task),
            "pruning": pruning
            and {
                "levels": pruning.levels,
                "fractions": pruning.fractions,
                "control_seeds": list(range(pruning.random_controls)),
                "operator": ATTACK.attacks[wildcards.attack].operator.model_dump(),
            },
            "cpu_threads": CONFIG.compute.cpu_threads,
        }
    )


# prompts that sets share
PROMPT_SETS = identification.compared_prompts(CONFIG, BENCHMARKS if ATTACKED else {})
