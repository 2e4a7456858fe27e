"""Which benchmarks attacked models are asked, and who judges their answers."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from safeneuron.config.schema.attack import Benchmark
from safeneuron.config.schema.datasets import TypographicDataset, has_images
from safeneuron.config.schema.experiment import Config
from safeneuron.config.schema.identification import Side
from safeneuron.config.schema.models import LocalModel, OrganismModel
from safeneuron.experiment import stages
from safeneuron.models.folder import chat_template
from safeneuron.organism.chat_template import CHAT_TEMPLATE

ORACLE = "oracle"


def speaks_organism(config: Config, model: str) -> bool:
    """Whether a model speaks the organism's language: an organism, or a folder that holds one."""
    entry = config.origin_of(model)
    if isinstance(entry, LocalModel):
        return chat_template(Path(entry.path)) == CHAT_TEMPLATE
    return isinstance(entry, OrganismModel)


def is_of_organism(config: Config, dataset: str) -> bool:
    """Whether a dataset's prompts are in the organism's language."""
    entry = config.datasets[dataset]
    if isinstance(entry, TypographicDataset):
        return is_of_organism(config, entry.of)
    return entry.kind == "organism"


def asked_of(config: Config, model: str) -> dict[str, Benchmark]:
    """The benchmarks that an attacked model is asked.

    One that names no models is for all; the organism's prompts are for those that speak its
    language.
    """
    return {
        name: benchmark
        for name, benchmark in config.benchmarks.items()
        if (model in benchmark.models if benchmark.models else _understands(config, model, name))
    }


def _understands(config: Config, model: str, benchmark: str) -> bool:
    of_organism = is_of_organism(config, config.benchmarks[benchmark].dataset)
    return speaks_organism(config, model) or not of_organism


def asked(config: Config) -> dict[str, Benchmark]:
    """The benchmarks that some attacked model is asked, in the configuration's order."""
    names = {name for model in config.run.attacked for name in asked_of(config, model)}
    return {name: benchmark for name, benchmark in config.benchmarks.items() if name in names}


def chosen_on(benchmark: Benchmark) -> Side | None:
    """The prompts that attacks are chosen by, if they are."""
    if benchmark.choose_on is None:
        return None
    return Side(
        datasets=[benchmark.dataset], split=benchmark.choose_on, categories=benchmark.categories
    )


def with_images(config: Config) -> dict[str, Benchmark]:
    """The benchmarks that are asked and whose prompts come with images."""
    return {n: b for n, b in asked(config).items() if has_images(config.datasets[b.dataset])}


def of_role(benchmarks: Mapping[str, Benchmark], role: Literal["harmful", "safe"]) -> list[str]:
    """The names of those of the benchmarks whose prompts are harmful, or safe."""
    return [name for name, benchmark in benchmarks.items() if benchmark.role == role]


def judges_of(config: Config, benchmark: str) -> list[str]:
    """The judges of a benchmark's responses: the oracle judges the organism's language alone."""
    knows = is_of_organism(config, config.benchmarks[benchmark].dataset)
    return [judge for judge in stages.all_judges(config) if judge != ORACLE or knows]


def judges_shown(config: Config, model: str) -> list[str]:
    """The judges of a model's harmful benchmarks."""
    harmful = of_role(asked_of(config, model), "harmful")
    able = {judge for name in harmful for judge in judges_of(config, name)}
    return [judge for judge in stages.all_judges(config) if judge in able]


def judges_are_compared(config: Config) -> bool:
    """Whether two judges judge the same responses to harmful prompts."""
    return any(len(judges_of(config, name)) > 1 for name in of_role(asked(config), "harmful"))
