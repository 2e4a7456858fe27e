# Input functions and settings, stage by stage.


# models
def folder_files(wildcards):
    """What a local checkpoint is made of: if it changes, so does the model."""
    folder = Path(CONFIG.models[wildcards.model].path)
    endings = (".json", ".safetensors", ".jinja", ".model")
    return sorted(str(path) for path in folder.iterdir() if path.suffix in endings)


# capture
IDENTIFICATION = CONFIG.identification


TOPIC = stages.topic_control(CONFIG)


def capture_prompts(wildcards):
    """The prompt tables that hold a prompt set; whole sides may need several."""
    if wildcards.category == prompt_sets.SAFE_LENGTH_MATCHED:
        return PATHS.length_matched
    return prompts_of(prompt_sets.rows_of(CONFIG, wildcards.category).datasets)


def capture_settings(wildcards):
    """Which rows of the tables, and how the forward pass is pooled and batched."""
    rows = prompt_sets.rows_of(CONFIG, wildcards.category)
    return canonical_json(
        {
            "split": rows.split,
            "categories": rows.categories,
            "poolings": IDENTIFICATION.poolings,
            "batch_size": CONFIG.compute.batch_size,
            "cpu_threads": CONFIG.compute.cpu_threads,
        }
    )


def contrast(wildcards):
    """The moments of both prompt sets of a contrast."""
    unsafe, safe = prompt_sets.contrast_of(CONFIG, wildcards.category)
    state = state_of(wildcards)
    return {
        "unsafe": fill(PATHS.moments, state, prompt_set=unsafe),
        "safe": fill(PATHS.moments, state, prompt_set=safe),
    }


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
BENCHMARKS = attacks.asked_benchmarks(CONFIG)
IMAGE_BENCHMARKS = attacks.image_benchmarks(CONFIG)


def attack_sets(wildcards):
    """The set that an attack targets: of the attacked state, or of its T0 if static."""
    return attacks.neuron_sets(CONFIG, PATHS, state_of(wildcards), wildcards.attack)


if ATTACKED:
    TABLES += PATHS.table("attack_success")
if ATTACKED and len(JUDGES) > 1:
    TABLES += PATHS.table("judge_agreement")
if any(benchmark.role == "safe" for benchmark in BENCHMARKS.values()):
    TABLES += PATHS.table("over_refusal")
PAPER_TABLES = [
    path
    for name in ("table_1", "worst_case", "contrasts", "table_2")
    for path in PATHS.table(name, ("parquet", "csv", "md"))
]
TABLES += PAPER_TABLES if ATTACKED and CONFIG.attacks else []
if any(BENCHMARKS[name].role == "harmful" for name in IMAGE_BENCHMARKS):
    TABLES += PATHS.table("table_3", ("parquet", "csv", "md"))


# capability
CAPABILITY = CONFIG.capability
CAPABILITY_MODELS = ATTACKED if CAPABILITY.models is None else CAPABILITY.models
CAPABILITY_RUNS = attacks.capability_runs(CONFIG, CAPABILITY_MODELS)


# prompts that sets share
def prompt_set(name, use, side, dataset):
    """A set of prompts, its use and where it is."""
    where = {"split": side.split, "categories": side.categories}
    return {"name": name, "use": use, "dataset": dataset, **where}


PROMPT_SETS = [
    *(
        prompt_set(dataset, use, side, dataset)
        for use, side in (
            ("unsafe", IDENTIFICATION.unsafe),
            ("safe", IDENTIFICATION.safe),
        )
        for dataset in side.datasets
    ),
    *(
        prompt_set(name, "evaluation", benchmark, benchmark.dataset)
        for name, benchmark in (BENCHMARKS.items() if ATTACKED else ())
    ),
]


# analyse
def category_sets(wildcards):
    """The neuron sets of all categories of a dataset."""
    return [
        f"{RESULTS}/sets/{STATE}/{{selection}}/{category}.parquet"
        for category in CATEGORIES[wildcards.dataset]
    ]


def states_of_arm(wildcards):
    """Every aligned state of a model's arm."""
    states = aligned_states([wildcards.model])
    return [state for state in states if state["arm"] == wildcards.arm]
