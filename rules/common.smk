# The configuration, validated once, and what every rule needs from it.
import shutil
import sys
from functools import partial
from pathlib import Path

from snakemake.exceptions import WorkflowError

LIBRARY = Path(workflow.basedir) / "workflow_scripts"
sys.path.insert(0, str(LIBRARY))

from safeneuron.config.load import canonical_json, load_config
from safeneuron.errors import SafeNeuronError
from safeneuron.experiment import (
    attacks,
    attribution,
    benchmarks,
    contrasts,
    curves,
    identification,
    matrix,
    mixes,
    mixtures,
    predecessors,
    prompt_sets,
    stages,
    states,
    training,
    tuning,
)
from safeneuron.experiment.checks import check_inputs
from safeneuron.experiment.libraries import Libraries
from safeneuron.experiment.paths import Paths, fill, over, one_of
from safeneuron.experiment.resources import JobResources
from safeneuron.experiment.source_digest import stage_digest
from safeneuron.experiment.states import STATE, State, state_of
from safeneuron.experiment.work import JobWork

try:
    CONFIG = load_config(config, typed=workflow.config_settings.config)
    RESULTS = f"results/{CONFIG.experiment}"
    CATALOG = check_inputs(CONFIG, Path(RESULTS))
except SafeNeuronError as error:
    raise WorkflowError(str(error)) from None

PATHS = Paths(RESULTS)
CHECKPOINT = PATHS.checkpoint
VALIDATION = PATHS.validation

IDENTIFICATION = CONFIG.identification
ALIGN = CONFIG.align
ATTACK = CONFIG.attack
CAPABILITY = CONFIG.capability
MODELS = CONFIG.run.models
ATTACKED = CONFIG.run.attacked
ORGANISMS = [name for name in MODELS if CONFIG.models[name].kind == "organism"]
TUNED = tuning.tuned_models(CONFIG)
MODEL_JUDGES = stages.model_judges(CONFIG)
VETOED = stages.vetoed_judges(CONFIG)
JUDGES = stages.all_judges(CONFIG)
# models of the run, what they are tuned from or moved toward, and judges
CHECKPOINTS = list(
    dict.fromkeys(
        [
            *(*MODELS, *tuning.bases(CONFIG), *predecessors.named(CONFIG)),
            *(judge.model for judge in MODEL_JUDGES.values()),
        ]
    )
)
SELECTIONS = list(CONFIG.selections)
PROBES = [
    name
    for name, selection in CONFIG.selections.items()
    if selection.rule.kind == "probe"
]
SCORED = [name for name in SELECTIONS if name not in PROBES]
UNSAFE = IDENTIFICATION.unsafe.datasets
CATEGORIES = prompt_sets.category_contrasts(CONFIG, CATALOG)
# one category has nothing to be compared with
TAXONOMIES = [dataset for dataset in UNSAFE if len(CATEGORIES[dataset]) > 1]

FIGURES = []
ENDINGS = ("pdf", "png", "csv")  # of a figure
TABLES = []


wildcard_constraints:
    model=one_of(CHECKPOINTS),
    arm=one_of(["base", *CONFIG.run.arms]),
    round=r"\d+",
    seed=r"\d+",
    category=prompt_sets.PATTERN,
    dataset=one_of(CONFIG.datasets),
    selection=one_of(SELECTIONS),
    pooling=one_of(IDENTIFICATION.poolings),
    attack=one_of([attacks.CLEAN, *CONFIG.attacks]),
    benchmark=one_of(CONFIG.benchmarks),
    judge=one_of(JUDGES),


# reruns a stage when a module changes that its script imports, which Snakemake does not notice
code_of = partial(stage_digest, LIBRARY)
MODEL_LIBRARIES = Libraries(CONFIG, PATHS)
LIBRARIES = MODEL_LIBRARIES.parameter
# what a rule whose jobs run a model asks for, from the size of the model; other rules are local
WORK = JobWork(CONFIG, CATALOG)
model_job = JobResources(CONFIG, WORK, workflow).of_rule


prompts_of = PATHS.prompts
t0_states = partial(states.t0_states, CONFIG)
validations_of = partial(stages.validations, CONFIG, PATHS)
REPORTED_STATES = states.states(CONFIG, MODELS)

# glibc gives large blocks back to the kernel and takes them again at each step; kept, a training has
# less than half of the page faults (docs/log.md). 32 MiB is the most that every glibc takes.
SHELL_PREFIX = (
    "export MALLOC_MMAP_THRESHOLD_=33554432 MALLOC_TRIM_THRESHOLD_=8589934592; "
)
# rules run `python`: make it this environment's, also when the environment is not activated
if shutil.which("python") != str(Path(sys.executable).parent / "python"):
    SHELL_PREFIX += f"export PATH={Path(sys.executable).parent}:$PATH; "
shell.prefix(SHELL_PREFIX)
