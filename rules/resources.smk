# What each model job asks for, from the size of its model (safeneuron.experiment); the rest runs where
# snakemake was typed.
from functools import cache

from safeneuron.experiment import requests
from safeneuron.experiment.size import folder_size, llama_size, typical_size

COMPUTE = CONFIG.compute
MACHINE = requests.Machine(
    threads=COMPUTE.cpu_threads,
    gpu_from=COMPUTE.gpu.from_parameters,
    gpu_memory_gb=COMPUTE.gpu.memory_gb,
    gpu_tflops=COMPUTE.gpu.tflops,
    gpu_gb_per_second=COMPUTE.gpu.gb_per_second,
)
BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}
# for estimates only
ORGANISM_TOKENS = 24  # of a prompt with its answer
ORGANISM_VOCABULARY = 600
IMAGE_TOKENS = 1300  # of one megapixel in Qwen2.5-VL; a typographic image has 729
UNKNOWN_PROMPTS = 5000  # of a category on the hub
UNKNOWN_PAIRS = 30_000  # of a mix of all safety pairs
JUDGE_PROMPT = 300  # tokens of a judge's own instructions
JUDGE_ANSWER = 16  # and of its answer
QUESTION_TOKENS = 100  # of a question with an answer, also as an example
ANSWER_TOKENS = 256  # of a generated answer
# sequences that a form's questions come to: a question for each of its choices
SEQUENCES = {
    "arc": 10_000,
    "truthfulqa_mc1": 4_100,
    "truthfulqa_mc2": 6_000,
    "gsm8k": 1_319,
    "mmlu": 14_042,
}


@cache
def size_of(model):
    """The size of a configured model."""
    entry = CONFIG.models[model]
    if entry.kind == "organism":
        size = stages.size(CONFIG, model)
        return llama_size(
            size["layers"],
            size["hidden"],
            size["intermediate"],
            ORGANISM_VOCABULARY,
            tied=True,
        )
    if entry.kind == "hub":
        return typical_size(entry.parameters)
    return folder_size(Path(entry.path))


def width_of(model):
    """Bytes of one of a model's weights as stages load it."""
    entry = CONFIG.models[model]
    return 4 if entry.kind == "organism" else BYTES[entry.dtype]


def tokens_of(model):
    """Tokens of a long prompt."""
    return ORGANISM_TOKENS if model in ORGANISMS else COMPUTE.prompt_tokens


def image_tokens_of(model):
    """Tokens of the images that a model is shown, if it is shown any."""
    return IMAGE_TOKENS if CONFIG.needs_images(model) else 0


def prompts_in(datasets, split, categories):
    """How many prompts datasets have of some categories of a split; all if None."""
    return sum(
        UNKNOWN_PROMPTS if count is None else count
        for dataset in datasets
        for (of, category), count in CATALOG[dataset].items()
        if of == split and (categories is None or category in categories)
    )


def capture_work(wildcards):
    """One pass over the prompts of a category."""
    side, model = capture_side(wildcards), wildcards.model
    whole = "/" not in wildcards.category
    datasets = side.datasets if whole else [wildcards.category.split("/")[0]]
    categories = side.categories if whole else [wildcards.category.split("/")[1]]
    prompts = prompts_in(datasets, side.split, categories)
    batch = min(COMPUTE.batch_size, prompts)
    return requests.forward(
        size_of(model), width_of(model), batch, tokens_of(model), prompts
    )


def probe_work(wildcards):
    """One pass over all prompts, and a fit a layer."""
    model = wildcards.model
    prompts = sum(
        prompts_in(side.datasets, side.split, side.categories)
        for side in (IDENTIFICATION.unsafe, IDENTIFICATION.safe)
    )
    return requests.probe(
        size_of(model), width_of(model), COMPUTE.batch_size, tokens_of(model), prompts
    )


def responses_of(wildcards, roles):
    """How many responses an attack has to a model's benchmarks of some roles."""
    attack = ATTACK.attacks[wildcards.attack]
    prompts = sum(
        prompts_in([b.dataset], b.split, b.categories)
        for b in benchmarks_of(wildcards).values()
        if b.role in roles
    )
    sets = len(attack.levels) * (1 + len(attack.fractions))
    return prompts * (1 + sets * (1 + attack.random_controls))


def attack_work(wildcards):
    """Responses to all benchmarks in every cell of an attack."""
    model = wildcards.model
    return requests.generation(
        size_of(model),
        width_of(model),
        COMPUTE.batch_size,
        tokens_of(model) + image_tokens_of(model),
        ATTACK.max_new_tokens,
        responses_of(wildcards, ("harmful", "safe")),
    )


def judge_model(wildcards):
    """The model that a job runs as a judge."""
    return MODEL_JUDGES[wildcards.judge].model


def judge_work(wildcards):
    """A judge's answers about an attack's responses to harmful prompts."""
    model = judge_model(wildcards)
    return requests.generation(
        size_of(model),
        width_of(model),
        COMPUTE.batch_size,
        JUDGE_PROMPT + COMPUTE.prompt_tokens + ATTACK.max_new_tokens,
        JUDGE_ANSWER,
        responses_of(wildcards, ("harmful",)),
    )


def capability_work(wildcards):
    """All questions of a task in every cell of an attack, or clean."""
    task, model = CAPABILITY.tasks[wildcards.task], wildcards.model
    pruning = CAPABILITY.attacks.get(wildcards.attack)
    cells = 1
    if pruning:
        sets = len(pruning.levels) * (1 + len(pruning.fractions))
        cells = sets * (1 + pruning.random_controls)
    tokens = QUESTION_TOKENS * (1 + max(task.n_shot, 6))
    sequences = SEQUENCES[task.form] * cells
    shape = (size_of(model), width_of(model), CAPABILITY.batch_size, tokens)
    if task.form == "gsm8k":
        return requests.generation(*shape, ANSWER_TOKENS, sequences)
    return requests.scoring(*shape, sequences)


def pairs_of(model):
    """How many pairs the mix has that a model is aligned on."""
    return ALIGN.mix_of(model).pairs or UNKNOWN_PAIRS


def pair_tokens_of(model):
    """Tokens of a long prompt with its answer, and of its image."""
    return 2 * tokens_of(model) + image_tokens_of(model)


MICRO_BATCH = ALIGN.training.batch_pairs // ALIGN.training.accumulation


def reference_work(wildcards):
    """One pass over the answers of all pairs, with weights in float32."""
    model = wildcards.model
    shape = (size_of(model), 4, 2 * MICRO_BATCH, pair_tokens_of(model))
    return requests.scoring(*shape, 2 * pairs_of(model))


def align_work(wildcards):
    """One round of DPO."""
    model, training = wildcards.model, training_of(wildcards)
    lora, gpus = training["lora"], training["gpus"]
    return requests.preference_training(
        size_of(model),
        width_of(model),
        MICRO_BATCH,
        pair_tokens_of(model),
        training["steps"]
        or training["epochs"] * pairs_of(model) / training["batch_pairs"],
        training["batch_pairs"],
        training["gradient_checkpointing"],
        reference=training["kl_weight"] > 0,
        rank=lora["rank"] if lora else None,
        parallel=training["parallel"],
        processes=[gpus] if gpus else requests.divisors(training["accumulation"]),
    )


def pretrain_work(wildcards):
    """Pre-training of an organism."""
    pretrain = CONFIG.organism.pretrain
    return requests.supervised_training(
        size_of(wildcards.model),
        pretrain.batch_size,
        ORGANISM_TOKENS,
        pretrain.steps,
        0,
    )


def tune_work(wildcards):
    """Safety tuning of an organism, with the responses that its gate looks at."""
    tuning, validation = (
        CONFIG.organism.safety_tuning,
        CONFIG.organism.language.validation,
    )
    prompts = 10 * validation.per_category + validation.benign + validation.lookalike
    checks = tuning.max_steps // tuning.check_every
    return requests.supervised_training(
        size_of(wildcards.model),
        tuning.batch_size,
        ORGANISM_TOKENS,
        tuning.max_steps,
        checks * prompts,
    )


def model_job(work, model=lambda wildcards: wildcards.model):
    """The resources of a rule whose jobs run a model."""
    cluster = CONFIG.cluster

    def asked(name):
        def value(wildcards, attempt):
            size = size_of(model(wildcards))
            return getattr(
                requests.request(work(wildcards), size, MACHINE, attempt), name
            )

        return value

    def named(cpu_name, gpu_name):
        def value(wildcards, attempt):
            on_gpu = asked("gpu")(wildcards, attempt)
            return gpu_name if on_gpu else cpu_name

        return value

    return {
        "gpu": asked("gpu"),
        "mem_mb": asked("mem_mb"),
        "runtime": asked("runtime"),
        "disk_mb": asked("disk_mb"),
        "slurm_account": cluster.account,
        "qos": cluster.qos,
        "slurm_partition": named(cluster.partition, cluster.gpu_partition),
        "constraint": named(cluster.constraint, cluster.gpu_constraint),
        "gpu_model": named(None, cluster.gpu_model),
    }
