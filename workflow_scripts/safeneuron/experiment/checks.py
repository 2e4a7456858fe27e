"""What can be known to be wrong before a job runs: files, columns, categories, folders."""

import math
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from safeneuron.config.data_root import note_on_missing
from safeneuron.config.defaults import is_default, note_on_defaults
from safeneuron.config.load import ConfigError
from safeneuron.config.schema.attack import Benchmark
from safeneuron.config.schema.capability import FileTask
from safeneuron.config.schema.datasets import Dataset
from safeneuron.config.schema.experiment import Config
from safeneuron.config.schema.identification import Side
from safeneuron.config.schema.models import GgufModel, LocalModel, OrganismModel, TunedModel
from safeneuron.data.pair_settings import FilePairs
from safeneuron.data.prompt_settings import FileDataset, HubDataset, TypographicDataset
from safeneuron.data.questions import check_questions, file_questions
from safeneuron.data.records import check_file
from safeneuron.data.sources import read_prompts, slug
from safeneuron.errors import SafeNeuronError, SourceError
from safeneuron.experiment import attacks, benchmarks, predecessors, tuning
from safeneuron.experiment.benchmarks import is_of_organism, judges_of, speaks_organism
from safeneuron.experiment.catalog import Catalog, categories_of
from safeneuron.experiment.contrasts import primary_contrasts
from safeneuron.experiment.matrix import check_matrix
from safeneuron.experiment.mixture_checks import check_mixtures
from safeneuron.experiment.stages import model_judges, topic_control, uses_chat_template
from safeneuron.experiment.weight_checks import check_weight_attacks
from safeneuron.models.folder import (
    IncompleteCheckpointError,
    NoVisionError,
    UnsupportedFamilyError,
    check_chat_template,
    check_family,
    check_folder,
    check_image_processor,
)
from safeneuron.models.gguf_header import GgufError, check_gguf, check_gguf_template
from safeneuron.neurons.regrouping import pseudo_sizes
from safeneuron.organism.language import BENIGN, LOOKALIKE, TASK
from safeneuron.organism.vocabulary import CATEGORIES
from safeneuron.settings import near_miss

MIN_PROMPTS = 2


def check_inputs(config: Config, results: Path) -> Catalog:
    """Check what the run will read and where it will write; returns the prompts' counts.

    Raises:
        ConfigError: names the key or file, what was found and what is allowed.
    """
    _check_writable(results)
    primary_contrasts(config)
    judges = (judge.model for judge in model_judges(config).values())
    for name in dict.fromkeys((*config.run.models, *judges, *predecessors.named(config))):
        _check_model(name, config)
    _check_organism_dataset(config)
    used = {
        *config.identification.unsafe.datasets,
        *config.identification.safe.datasets,
        *(benchmark.dataset for benchmark in benchmarks.asked(config).values()),
    }
    for entry in tuning.tuned_models(config).values():
        used |= {*entry.safety_tuning.without}
        used |= {dataset for side in entry.sides().values() for dataset in side.datasets}
    control = topic_control(config)
    if control is not None:
        used |= {*control.matched.datasets, *control.plain.datasets}
    catalog = {name: _count(name, config) for name in config.datasets if name in used}
    _check_side("identification.unsafe", config.identification.unsafe, catalog, config)
    _check_side("identification.safe", config.identification.safe, catalog, config)
    _check_nulls(config, catalog)
    check_mixtures(config, catalog)
    if control is not None:
        _check_side("topic_control.matched", control.matched, catalog, config)
        _check_side("topic_control.plain", control.plain, catalog, config)
    for name, entry in tuning.tuned_models(config).items():
        for key, side in entry.sides().items():
            _check_side(f"models.{name}.{key}", side, catalog, config)
    if attacks.learning(config):
        _check_preferences(config)
    _check_questions(config)
    for name, benchmark in benchmarks.asked(config).items():
        key = f"attack.benchmarks.{name}"
        side = Side(
            datasets=[benchmark.dataset], split=benchmark.split, categories=benchmark.categories
        )
        _check_side(key, side, catalog, config)
        _check_chosen_on(key, benchmark, catalog, config)
        if not judges_of(config, name):
            raise ConfigError(
                f"attack.judges: 'oracle' judges organism prompts only, but {key} uses dataset "
                f"'{benchmark.dataset}'; add refusal_prefix or a judge of 'attack.model_judges'"
            )
    _check_language(config)
    check_matrix(config)
    check_weight_attacks(config, catalog)
    return catalog


def check_lm_eval(config: Config) -> None:
    """Whether the library is there that capability is measured with, if it is measured.

    Raises:
        ConfigError: names the key and the command that installs it.
    """
    if config.capability.run and find_spec("lm_eval") is None:
        raise ConfigError(
            f"capability.run: {', '.join(config.capability.run)} need lm-eval, which is not in "
            "this environment; pip install lm_eval==0.4.13, or set capability.run to []"
        )


def _check_language(config: Config) -> None:
    """Whether models are shown a language that they speak: the organism's is no other model's."""
    for side in ("unsafe", "safe"):
        key, datasets = f"identification.{side}", getattr(config.identification, side).datasets
        own = next((name for name in datasets if is_of_organism(config, name)), None)
        default = " (the default)" if is_default(config, f"{key}.datasets") else ""
        for model in config.run.models:
            if own and not speaks_organism(config, model):
                raise ConfigError(
                    f"{key}.datasets: '{own}'{default} is in the organism's language, which "
                    f"'{model}' of run.models does not speak; name data sets of yours there"
                )
    for model in config.run.attacked:
        if not benchmarks.of_role(benchmarks.asked_of(config, model), "harmful"):
            raise ConfigError(
                f"attack.benchmarks: none of role 'harmful' is for '{model}', which run.attacked "
                "names; add one with a dataset of yours, or take the model out"
            )


def _check_chosen_on(key: str, benchmark: Benchmark, catalog: Catalog, config: Config) -> None:
    """Whether attacks are chosen by prompts that are there and that nothing was found with."""
    side = benchmarks.chosen_on(benchmark)
    if side is None:
        return
    _check_side(key, side, catalog, config, "choose_on")
    for name in ("unsafe", "safe"):
        found: Side = getattr(config.identification, name)
        if side.split == found.split and benchmark.dataset in found.datasets:
            raise ConfigError(
                f"{key}.choose_on: '{side.split}' of '{benchmark.dataset}' is the split of "
                f"identification.{name}, by which neurons are found; attacks are chosen on others"
            )


def _check_side(
    key: str, side: Side, catalog: Catalog, config: Config, split: str = "split"
) -> None:
    """Whether a side has prompts; `split` is the key that names its split."""
    present = {
        category
        for dataset in side.datasets
        for split, category in catalog[dataset]
        if split == side.split
    }
    datasets = ", ".join(side.datasets)
    if not present:
        splits = sorted({split for dataset in side.datasets for split, _ in catalog[dataset]})
        default = ", the default," if is_default(config, f"{key}.{split}") else ""
        raise ConfigError(
            f"{key}.{split}: '{side.split}'{default} has no prompts in {datasets}"
            f"{near_miss(side.split, splits)}; splits there: {', '.join(splits)}"
        )
    unknown = [category for category in side.categories or () if category not in present]
    if unknown and is_default(config, f"{key}.categories"):
        raise ConfigError(
            f"{key}.categories: the default of this key is about other prompts than those of "
            f"{datasets}; write categories: null for all, or some of {', '.join(sorted(present))}"
        )
    for category in unknown:
        raise ConfigError(
            f"{key}.categories: '{category}' is not a category of split '{side.split}' of "
            f"{datasets}{near_miss(category, present)}; there are {', '.join(sorted(present))}"
        )
    for dataset in side.datasets:
        categories = categories_of(side, dataset, catalog)
        if not categories:
            raise ConfigError(
                f"{key}: dataset '{dataset}' has none of the categories in split '{side.split}'; "
                f"drop it from {key}.datasets"
            )
        for category in categories:
            count = catalog[dataset][side.split, category]
            if count is not None and count < MIN_PROMPTS:
                raise ConfigError(
                    f"{key}: category '{category}' of dataset '{dataset}' has {count} prompt; "
                    f"at least {MIN_PROMPTS} are needed"
                )


def _check_nulls(config: Config, catalog: Catalog) -> None:
    """Whether the safe side has prompts enough for the groups that overlap is held against."""
    sides = config.identification
    safe = [
        catalog[dataset][sides.safe.split, category]
        for dataset in sides.safe.datasets
        for category in categories_of(sides.safe, dataset, catalog)
    ]
    known = [number for number in safe if number is not None]
    if sides.nulls.draws == 0 or len(known) < len(safe):
        return
    for dataset in sides.unsafe.datasets:
        categories = categories_of(sides.unsafe, dataset, catalog)
        sizes = [catalog[dataset][sides.unsafe.split, category] or 0 for category in categories]
        try:
            if len(categories) > 1:
                pseudo_sizes(sizes, sum(known))
        except SafeNeuronError as error:
            raise ConfigError(
                f"identification.nulls, on the categories of '{dataset}': {error}; add safe "
                "prompts, or leave these nulls out with draws: 0"
            ) from error


def _check_preferences(config: Config) -> None:
    """Whether the files are there and start as they should; their rows are read by a job."""
    mixes = [config.align.mix_of(model) for model in attacks.learning(config)]
    names = dict.fromkeys(name for mix in mixes for name in mix.sources)
    sources = {name: config.preferences[name] for name in names}
    for name, source in sources.items():
        if isinstance(source, FilePairs):
            try:
                check_file(Path(source.path))
            except SourceError as error:
                note = note_on_missing(config, source)
                raise ConfigError(f"preferences.{name}: {error}{note}") from error
    kinds = {source.kind for source in sources.values()}
    dataset = config.datasets.get("organism")
    if "organism" in kinds and (dataset is None or dataset.kind != "organism"):
        raise ConfigError(
            "align.preferences.sources: the organism's pairs need datasets.organism to be of kind "
            "'organism'"
        )


def _check_questions(config: Config) -> None:
    for name in config.capability.run:
        task = config.capability.tasks[name]
        if isinstance(task, FileTask):
            try:
                rows = file_questions(task.form, task.model_dump(include={"questions", "shots"}))
                check_questions(rows, task.n_shot, name)
            except SourceError as error:
                note = note_on_missing(config, task)
                raise ConfigError(f"capability.tasks.{name}: {error}{note}") from error


def _count(name: str, config: Config) -> Mapping[tuple[str, str], int | None]:
    dataset: Dataset = config.datasets[name]
    if isinstance(dataset, TypographicDataset):
        return _count(dataset.of, config)
    if isinstance(dataset, HubDataset):
        categories = dataset.categories or [slug(str(dataset.constant_category))]
        for category in categories:
            if category != slug(category) or not category:
                raise ConfigError(
                    f"datasets.{name}.categories: '{category}' is not written as in the prompt "
                    f"table; there it is '{slug(category)}'"
                )
        known = [number for number in (dataset.prompts, dataset.limit) if number is not None]
        count = math.ceil(min(known) / len(categories)) if known else None
        return {(dataset.split, category): count for category in categories}
    if isinstance(dataset, FileDataset):
        try:
            prompts = read_prompts(dataset)
        except SourceError as error:
            note = note_on_missing(config, dataset)
            raise ConfigError(f"datasets.{name}: {error}{note}") from error
        return {**Counter((prompt.split, prompt.category) for prompt in prompts)}
    counts: dict[tuple[str, str], int | None] = {}
    for split, size in config.organism.language.splits.items():
        kinds = {BENIGN: size.benign, LOOKALIKE: size.lookalike, TASK: size.task}
        counts |= {(split, category): size.per_category for category in CATEGORIES}
        counts |= {(split, kind): number for kind, number in kinds.items() if number}
    return counts


def _check_organism_dataset(config: Config) -> None:
    trained = [n for n in config.run.models if isinstance(config.models[n], OrganismModel)]
    dataset = config.datasets.get("organism")
    if trained and (dataset is None or dataset.kind != "organism"):
        raise ConfigError(
            f"datasets.organism: must be of kind 'organism', since run.models has models that are "
            f"trained on it ({', '.join(trained)}); give a file of your own another name"
            + note_on_defaults("run.models", config)
        )


def _check_model(name: str, config: Config) -> None:
    """A tuned model is what its base is."""
    entry, model = config.models[name], config.origin_of(name)
    key = f"models.{entry.base if isinstance(entry, TunedModel) else name}.path"
    if isinstance(model, LocalModel):
        check_checkpoint_folder(key, model)
        if uses_chat_template(config, name):
            check_chat_template_of(key, model)
        if shown := config.needs_images(name):
            check_image_processor_of(key, model, *shown)
    if isinstance(model, GgufModel):
        _check_gguf(key, name, model, config)


def _check_gguf(key: str, name: str, model: GgufModel, config: Config) -> None:
    with _naming(key):
        header = check_gguf(Path(model.path))
        if uses_chat_template(config, name):
            check_gguf_template(header)
    if shown := config.needs_images(name):
        has_images, who = shown
        raise ConfigError(
            f"{has_images} has images, {key}: {model.path} has no vision tower; name the "
            f"models that see in {who}"
        )


def check_checkpoint_folder(key: str, model: LocalModel) -> None:
    """Whether a folder holds a supported model's config, complete safetensors and tokenizer.

    Raises:
        ConfigError: names the key, the folder and what is missing or not supported.
    """
    with _naming(key):
        check_folder(Path(model.path))
        check_family(Path(model.path))


def check_chat_template_of(key: str, model: LocalModel) -> None:
    """Whether a complete folder has a chat template.

    Raises:
        ConfigError: names the key and the folder.
    """
    with _naming(key):
        check_chat_template(Path(model.path))


def check_image_processor_of(key: str, model: LocalModel, shown: str, who: str) -> None:
    """Whether a complete folder is of a model that sees, with its image processor.

    Args:
        shown, who: the key that shows it images, and the key that says to which models it does.

    Raises:
        ConfigError: names the keys and the folder.
    """
    with _naming(f"{shown} has images, {key}"):
        try:
            check_image_processor(Path(model.path))
        except NoVisionError as error:
            raise ConfigError(
                f"{shown} has images, {key}: {error}; name the models that see in {who}"
            ) from error


@contextmanager
def _naming(key: str) -> Iterator[None]:
    try:
        yield
    except (IncompleteCheckpointError, UnsupportedFamilyError, GgufError) as error:
        raise ConfigError(f"{key}: {error}") from error


def _check_writable(results: Path) -> None:
    folder = next(p for p in (results, *results.absolute().parents) if p.exists())
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        raise ConfigError(
            f"results: no permission to write in {folder}; change it or run from another folder"
        )
