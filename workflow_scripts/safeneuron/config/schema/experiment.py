"""The whole configuration of one experiment, and what follows from its sections together."""

from collections.abc import Sequence
from typing import Annotated, Self, TypeVar

from pydantic import Field, model_validator

from safeneuron.config.schema.align import Align
from safeneuron.config.schema.attack import Attack, Attacks, Benchmark
from safeneuron.config.schema.attacks.neurons import NeuronAttack
from safeneuron.config.schema.capability import Capability
from safeneuron.config.schema.compute import Cluster, Compute
from safeneuron.config.schema.datasets import Dataset, OrganismDataset, has_images
from safeneuron.config.schema.identification import (
    Identification,
    Overlap,
    Selection,
    Side,
    TopicControl,
)
from safeneuron.config.schema.models import Checkpointed, Model, OrganismModel, TunedModel
from safeneuron.config.schema.organism import Organism
from safeneuron.config.schema.preferences import OrganismPairs, PairSource
from safeneuron.config.schema.references import check_references
from safeneuron.config.schema.report import Report
from safeneuron.data.pair_settings import PairColumns
from safeneuron.results.published.rows import PublishedRows
from safeneuron.results.settings import Contrasts
from safeneuron.settings import Distinct, Name, Section

T = TypeVar("T")
Kind = TypeVar("Kind", bound=Section)

HERE = "."
"""The folder that snakemake runs in, as a path."""


def _chosen(registry: dict[str, T], names: Sequence[str] | None) -> dict[str, T]:
    """The entries that a run names, in its order; all if it names none."""
    return registry if names is None else {name: registry[name] for name in names}


class Run(Section):
    """Which entries of the registries this run uses."""

    models: Distinct[Name] = Field(
        ["organism-small", "organism", "organism-large"],
        min_length=1,
        description="Models that are analysed, keys of 'models'.",
    )
    attacked: Distinct[Name] = Field(
        ["organism"], description="Models among them that are attacked; the list may be empty."
    )
    aligned: Distinct[Name] = Field(
        [],
        description="Models among them that are aligned, round by round; config/rounds.yaml adds "
        "the rounds to the default experiment.",
    )
    arms: Distinct[Name] = Field(
        ["dpo", "freeze", "freeze_ablate"],
        description="Arms that they are aligned in, keys of 'align.arms'.",
    )
    benchmarks: Distinct[Name] | None = Field(
        None,
        description="Benchmarks that attacked models are asked, keys of 'attack.benchmarks'; null "
        "means all, those of the default experiment among them.",
    )
    selections: Distinct[Name] | None = Field(
        None,
        min_length=1,
        description="Neuron sets that are made, keys of 'identification.selections'; null means "
        "all.",
    )
    attacks: Distinct[Name] | None = Field(
        None,
        description="Attacks on the attacked models, keys of 'attack.attacks'; null means all.",
    )


class Config(Section):
    """The whole configuration of one experiment."""

    experiment: Name = Field(
        "demo",
        description="Name of the experiment; everything is written to results/<experiment>/.",
    )
    data: str = Field(
        HERE,
        min_length=1,
        description="Folder that the paths of files of prompts, preference pairs and capability "
        "questions are relative to, unless they begin with './'; '.', and './' before a path, is "
        "the folder that snakemake runs in.",
    )
    seeds: Distinct[Annotated[int, Field(ge=0, lt=2**31)]] = Field(
        [0],
        min_length=1,
        description="Seeds of training and of random controls; each seed gives its own models.",
    )
    compute: Compute = Compute()
    cluster: Cluster = Cluster()
    models: dict[Name, Model] = Field(
        {
            "organism-small": OrganismModel(layers=3, hidden=96, intermediate=384, heads=4),
            "organism": OrganismModel(),
            "organism-large": OrganismModel(layers=6, hidden=128, intermediate=512, heads=4),
        },
        description="Registry of models, by name; 'run.models' says which are used.",
    )
    run: Run = Run()
    organism: Organism = Organism()
    datasets: dict[Name, Dataset] = Field(
        {"organism": OrganismDataset()},
        description="Registry of prompt sets, by name; identification and benchmarks say which "
        "are used.",
    )
    identification: Identification = Identification()
    overlap: Overlap = Overlap()
    topic_control: TopicControl | None = Field(
        TopicControl(
            matched=Side(datasets=["organism"], categories=["lookalike"]),
            plain=Side(datasets=["organism"], categories=["benign"]),
        ),
        description="Benign prompts that tell topic from safety; null leaves the control out. "
        "One on the organism's prompts is left out where the identification has no prompts of the "
        "organism.",
    )
    preferences: dict[Name, PairSource] = Field(
        {"organism": OrganismPairs()},
        description="Registry of sources of preference pairs, by name; "
        "'align.preferences.sources' says which are used.",
    )
    allow_overlap: list[Annotated[list[Name], Field(min_length=2, max_length=2)]] = Field(
        [],
        description="Pairs [a, b] of prompt sets that may share prompts, where b is held out: a "
        "benchmark, 'choose-BENCHMARK' (its prompts of 'choose_on') or 'gate-MODEL'; a is a data "
        "set of the identification, 'preferences' or 'safety_tuning-MODEL', or, where b is a "
        "benchmark, 'gate-MODEL' or 'choose-BENCHMARK'.",
    )
    align: Align = Align()
    attack: Attacks = Attacks()
    contrasts: Contrasts = Contrasts()
    report: Report = Report()
    capability: Capability = Capability()
    published: PublishedRows = PublishedRows()

    @model_validator(mode="after")
    def _references(self) -> Self:
        check_references(self)
        return self

    def origin_of(self, model: str) -> OrganismModel | Checkpointed:
        """The entry of the model that another is tuned from, or its own if it is not tuned."""
        entry = self.models[model]
        return self.origin_of(entry.base) if isinstance(entry, TunedModel) else entry

    @property
    def selections(self) -> dict[str, Selection]:
        """The selections of this run."""
        return _chosen(self.identification.selections, self.run.selections)

    @property
    def attacks(self) -> dict[str, Attack]:
        """The attacks of this run."""
        return _chosen(self.attack.attacks, self.run.attacks)

    @property
    def neuron_attacks(self) -> dict[str, NeuronAttack]:
        """The attacks of this run that are on neurons."""
        return {n: one for n, one in self.attacks.items() if isinstance(one, NeuronAttack)}

    @property
    def benchmarks(self) -> dict[str, Benchmark]:
        """The benchmarks of this run."""
        return _chosen(self.attack.benchmarks, self.run.benchmarks)

    def attack_of(self, name: str, kind: type[Kind]) -> Kind:
        """An attack that is known to be of a kind.

        Raises:
            ValueError: it is of another kind.
        """
        attack = self.attack.attacks[name]
        if not isinstance(attack, kind):
            wanted = kind.model_fields["kind"].default
            raise ValueError(
                f"attack.attacks.{name} is not of kind '{wanted}', but '{attack.kind}'"
            )
        return attack

    def criteria_of(self, attack: str) -> list[str]:
        """The criteria of the selection of an attack on neurons."""
        selection = self.attack_of(attack, NeuronAttack).selection
        return [*self.identification.selections[selection].criteria]

    def arms_of(self, model: str) -> list[str]:
        """The arms that align a model."""
        return [
            name
            for name in self.run.arms
            if (models := self.align.arms[name].models) is None or model in models
        ]

    def needs_images(self, model: str) -> tuple[str, str] | None:
        """The key that shows a model images, and the key that says to which models it does."""
        for name, benchmark in self.benchmarks.items():
            asked = benchmark.models is None or model in benchmark.models
            if (
                model in self.run.attacked
                and asked
                and has_images(self.datasets[benchmark.dataset])
            ):
                return f"attack.benchmarks.{name}", f"attack.benchmarks.{name}.models"
        for source in self.align.mix_of(model).sources if model in self.run.aligned else ():
            entry = self.preferences[source]
            if isinstance(entry, PairColumns) and entry.image is not None:
                return f"preferences.{source}", "align.preferences_of"
        return None
