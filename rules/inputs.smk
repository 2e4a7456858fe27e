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


def capture_side(wildcards):
    """The side of a contrast that a category belongs to, where that is not the unsafe one."""
    sides = {"safe": IDENTIFICATION.safe, "safe_as_long": IDENTIFICATION.safe}
    if TOPIC:
        sides |= {"topic": TOPIC.matched, "plain": TOPIC.plain}
    return sides.get(wildcards.category, IDENTIFICATION.unsafe)


def capture_prompts(wildcards):
    """The prompt tables that hold a category; whole sides may need several."""
    if wildcards.category == "safe_as_long":
        return f"{RESULTS}/prompts/controls/length_matched.parquet"
    if "/" not in wildcards.category:
        return prompts_of(capture_side(wildcards).datasets)
    return prompts_of([wildcards.category.split("/")[0]])


def rows_of(side):
    """Which rows of its tables a whole side of the contrast takes."""
    return {"split": side.split, "categories": side.categories}


def capture_settings(wildcards):
    """Which rows of the tables, and how the forward pass is pooled and batched."""
    side = capture_side(wildcards)
    whole = "/" not in wildcards.category
    return canonical_json(
        {
            "split": side.split,
            "categories": (
                side.categories if whole else [wildcards.category.split("/")[1]]
            ),
            "poolings": IDENTIFICATION.poolings,
            "batch_size": CONFIG.compute.batch_size,
            "cpu_threads": CONFIG.compute.cpu_threads,
        }
    )


def contrast(wildcards):
    """The moments of both sides of a category's contrast: against the safe side, but for the
    controls (topic: matched against plain benign; length: safe prompts as long as the unsafe).
    """
    unsafe, safe = {
        "topic": (
            "topic",
            "safe" if TOPIC and TOPIC.plain == IDENTIFICATION.safe else "plain",
        ),
        "length": ("overall", "safe_as_long"),
    }.get(wildcards.category, (wildcards.category, "safe"))
    folder = f"{RESULTS}/moments/{STATE.format(**wildcards)}"
    return {
        "unsafe": f"{folder}/{unsafe}.safetensors",
        "safe": f"{folder}/{safe}.safetensors",
    }


# align
ALIGN = CONFIG.align
# a model's own mix lies in a folder with its name
MIXES = {"mix": None} | {f"{model}/mix": model for model in ALIGN.preferences_of}


def mix_of(model):
    """The name of the preference mix that a model is aligned on."""
    if model in ALIGN.preferences_of:
        return f"{model}/mix"
    return "organism" if ALIGN.preferences.sources == ["organism"] else "mix"


def preferences_of(models):
    """The mixes that models are aligned on."""
    names = dict.fromkeys(mix_of(model) for model in models)
    return [f"{RESULTS}/preferences/{name}.parquet" for name in names]


def previous_state(wildcards, number):
    """The state that an arm was in after `number` rounds."""
    arm = "base" if number == 0 else wildcards.arm
    return f"{wildcards.model}/{arm}/T{number}/s{wildcards.seed}"


def previous_checkpoint(wildcards):
    """The checkpoint that a round starts from."""
    return f"{RESULTS}/models/{previous_state(wildcards, int(wildcards.round) - 1)}/checkpoint.json"


def protected_neurons(wildcards):
    """The neuron sets that a round acts on: the last state's, and if they accumulate all before."""
    last = int(wildcards.round) - 1
    return [
        f"{RESULTS}/sets/{previous_state(wildcards, number)}/{selection}/overall.parquet"
        for number in range(0 if ALIGN.accumulate else last, last + 1)
        for selection in ALIGN.selections
    ]


def gate_prompts(wildcards):
    """What a round is validated on: an organism's own prompts, nothing for any other model."""
    return prompts_of(["organism"] if wildcards.model in ORGANISMS else [])


def training_of(wildcards):
    """How one arm trains in one round."""
    arm = ALIGN.arms[wildcards.arm]
    training = ALIGN.training.model_dump()
    for override in (arm.training, ALIGN.overrides.get(int(wildcards.round))):
        training |= override.model_dump(exclude_none=True) if override else {}
    if training["steps"]:
        training["steps"] = max(1, round(training["steps"] * arm.data_fraction))
    return training | {"zeroing_probability": arm.zeroing_probability}


def reference_table(wildcards):
    """The table in place of a reference model, where no term of the loss runs one."""
    if training_of(wildcards)["kl_weight"]:
        return []
    return f"{RESULTS}/reference/{previous_state(wildcards, int(wildcards.round) - 1)}.parquet"


REFERENCE_SETTINGS = canonical_json(
    {
        "precision": ALIGN.training.precision,
        "batch_pairs": ALIGN.training.batch_pairs // ALIGN.training.accumulation,
        "cpu_threads": CONFIG.compute.cpu_threads,
    }
)


def align_settings(wildcards):
    """One arm's settings in one round."""
    arm, training = ALIGN.arms[wildcards.arm], training_of(wildcards)
    del training["gpus"]  # results do not depend on their number
    return canonical_json(
        {
            "context": state_of(wildcards),
            "method": arm.method,
            "data_fraction": arm.data_fraction,
            "parallel": training.pop("parallel"),
            "training": training,
            "gate": (
                CONFIG.organism.safety_tuning.gate.model_dump(exclude={"when_missed"})
                if wildcards.model in ORGANISMS
                else None
            ),
            "cpu_threads": CONFIG.compute.cpu_threads,
        }
    )


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
    return [
        name
        for name, attack in ATTACK.attacks.items()
        if (attack.arms is None or state["arm"] in attack.arms)
        and (attack.rounds is None or state["round"] in attack.rounds)
    ]


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
            },
            "cpu_threads": CONFIG.compute.cpu_threads,
        }
    )


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
