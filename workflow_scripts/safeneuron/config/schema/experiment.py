"""The whole configuration, and what its sections say of one another."""

from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Self, TypeVar

from pydantic import Field, model_validator

from safeneuron.config.schema.align import Align
from safeneuron.config.schema.attack import Attack, Attacks, Benchmark
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
from safeneuron.config.schema.report import Report
from safeneuron.data.pair_settings import PairColumns
from safeneuron.data.prompt_settings import TypographicDataset
from safeneuron.interventions.schemas import CLEAN
from safeneuron.results.published.rows import PublishedRows
from safeneuron.results.settings import Contrasts
from safeneuron.settings import Distinct, Name, Section, near_miss

T = TypeVar("T")

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
        "benchmark or 'gate-MODEL'; a is a data set of the identification, 'preferences' or "
        "'safety_tuning-MODEL', or 'gate-MODEL' where b is a benchmark.",
    )
    align: Align = Align()
    attack: Attacks = Attacks()
    contrasts: Contrasts = Contrasts()
    report: Report = Report()
    capability: Capability = Capability()
    published: PublishedRows = PublishedRows()

    @model_validator(mode="after")
    def _references(self) -> Self:
        def known(key: str, names: Iterable[str], registry: Iterable[str], where: str) -> None:
            for name in names:
                if name not in registry:
                    raise ValueError(
                        f"{key}: '{name}' is not in '{where}'{near_miss(name, registry)}; "
                        f"it has {', '.join(registry) or 'nothing'}"
                    )

        identification = self.identification
        known("run.models", self.run.models, self.models, "models")
        known("run.attacked", self.run.attacked, self.run.models, "run.models")
        known("run.aligned", self.run.aligned, self.run.models, "run.models")
        known("run.arms", self.run.arms, self.align.arms, "align.arms")
        self._check_tuned(known)
        run, attacks = self.run, self.attack
        selections = identification.selections
        known("run.selections", run.selections or (), selections, "identification.selections")
        known("run.attacks", run.attacks or (), attacks.attacks, "attack.attacks")
        known("run.benchmarks", run.benchmarks or (), attacks.benchmarks, "attack.benchmarks")
        where = "run.selections" if run.selections else "identification.selections"
        known("align.selections", self.align.selections, self.selections, where)
        for arm in self.run.arms if self.align.training.lora else ():
            if self.align.arms[arm].method == "sn_tune":
                raise ValueError(
                    f"run.arms: '{arm}' (sn_tune) trains the weights of single neurons, and "
                    "align.training.lora matrices that all neurons share; take one of the two out"
                )
        if "base" in self.align.arms:
            raise ValueError("align.arms: 'base' is the name of the model that is not aligned")
        known("align.rounds_of", self.align.rounds_of, self.models, "models")
        for name, entry in self.align.arms.items():
            known(f"align.arms.{name}.models", entry.models or (), self.models, "models")
        for model in self.run.aligned:
            if not self.arms_of(model):
                raise ValueError(
                    f"run.aligned: none of run.arms is for '{model}'; add it to the 'models' of "
                    "one or take it out"
                )
        rounds = max(self.align.rounds, *self.align.rounds_of.values(), 1)
        for number in self.align.overrides:
            if not 1 <= number <= rounds:
                raise ValueError(
                    f"align.overrides: there is no round {number}; align.rounds is {rounds}"
                )
        for side in ("unsafe", "safe"):
            names = getattr(identification, side).datasets
            known(f"identification.{side}.datasets", names, self.datasets, "datasets")
        control = self.topic_control
        for part in ("matched", "plain") if control else ():
            names = getattr(control, part).datasets
            known(f"topic_control.{part}.datasets", names, self.datasets, "datasets")
        known("align.preferences_of", self.align.preferences_of, self.models, "models")
        for key, mix in self.align.mixes().items():
            known(f"{key}.sources", mix.sources, self.preferences, "preferences")
            kinds = {self.preferences[name].kind for name in mix.sources}
            if "organism" in kinds and len(mix.sources) > 1:
                raise ValueError(
                    f"{key}.sources: {mix.sources} mixes the organism's pairs with others; use "
                    "them alone"
                )
            if "organism" in kinds and key != "align.preferences":
                raise ValueError(f"{key}.sources: the organism's pairs are for align.preferences")
        used = {
            *identification.unsafe.datasets,
            *identification.safe.datasets,
            *("preferences", *(f"preferences-{model}" for model in self.align.preferences_of)),
            *(
                f"{use}-{name}"
                for name, entry in self.models.items()
                if isinstance(entry, TunedModel)
                for use in ("gate", "safety_tuning")
            ),
        }
        for first, second in self.allow_overlap:
            known("allow_overlap", [first], sorted(used), "identification, tuning and preferences")
            held_out = [*self.attack.benchmarks, *(n for n in used if n.startswith("gate-"))]
            known("allow_overlap", [second], held_out, "attack.benchmarks, gates among them")
        if CLEAN in attacks.attacks:
            raise ValueError(f"attack.attacks: '{CLEAN}' is the name of no attack at all")
        for name, selection in identification.selections.items():
            key = f"identification.selections.{name}.pooling"
            known(key, [selection.pooling], identification.poolings, "identification.poolings")
        for name, attack in self.attack.attacks.items():
            arms = {"base", *self.align.arms}
            known(f"attack.attacks.{name}.arms", attack.arms or (), arms, "align.arms")
            known(f"attack.attacks.{name}.models", attack.models or (), self.models, "models")
            key = f"attack.attacks.{name}.selection"
            known(key, [attack.selection], identification.selections, "identification.selections")
            if name in self.attacks:
                known(key, [attack.selection], self.selections, "run.selections")
            self._check_targets(f"attack.attacks.{name}", attack.targets, name)
        judges = self.attack.model_judges
        plain = ("oracle", "refusal_prefix")
        known("attack.judges", self.attack.judges, (*plain, *judges), "attack.model_judges")
        for name, judge in judges.items():
            known(f"attack.model_judges.{name}.model", [judge.model], self.models, "models")
            if not isinstance(self.models[judge.model], Checkpointed):
                raise ValueError(
                    f"attack.model_judges.{name}.model: '{judge.model}' is trained by the "
                    "workflow; a judge is a local, gguf or hub model"
                )
            taken = {*plain, *(f"{n}_veto" for n, j in judges.items() if j.keyword_veto)}
            if name in taken:
                raise ValueError(
                    f"attack.model_judges: '{name}' is the name of another judge; take another one"
                )
        for name, benchmark in self.attack.benchmarks.items():
            key = f"attack.benchmarks.{name}.dataset"
            known(key, [benchmark.dataset], self.datasets, "datasets")
            key = f"attack.benchmarks.{name}.models"
            known(key, benchmark.models or (), self.models, "models")
        for name, dataset in self.datasets.items():
            if isinstance(dataset, TypographicDataset):
                known(f"datasets.{name}.of", [dataset.of], self.datasets, "datasets")
        self._check_images()
        self._check_probes()
        if self.run.attacked:
            self._check_harmful()
            key = "report.case_studies.attack"
            where = "run.attacks" if run.attacks is not None else "attack.attacks"
            if self.attacks:
                known(key, [self.report.case_studies.attack], self.attacks, where)
                self._check_case_studies()
        capability = self.capability
        known("capability.run", capability.run, capability.tasks, "capability.tasks")
        known("capability.models", capability.models or (), self.run.models, "run.models")
        known("capability.attacks", capability.attacks, self.attack.attacks, "attack.attacks")
        for name, attacked in capability.attacks.items():
            self._check_targets(f"capability.attacks.{name}", attacked.targets, name)
        published = self.published
        if published.models:
            arms = {"base", *self.align.arms}
            known("published.models", published.models, self.models, "models")
            known("published.methods", published.methods, arms, "align.arms")
            known("published.tasks", published.tasks, capability.tasks, "capability.tasks")
            known("published.attacks", published.attacks, self.attack.attacks, "attack.attacks")
            harmful = {n for n, b in self.attack.benchmarks.items() if b.role == "harmful"}
            where = "the benchmarks of role harmful"
            known("published.benchmarks", published.benchmarks, sorted(harmful), where)
        return self

    def _check_tuned(self, known: Callable[..., None]) -> None:
        for name, entry in self.models.items():
            if not isinstance(entry, TunedModel):
                continue
            key = f"models.{name}"
            known(f"{key}.base", [entry.base], self.models, "models")
            base = self.models[entry.base]
            if not isinstance(base, Checkpointed):
                raise ValueError(
                    f"{key}.base: '{entry.base}' is of kind '{base.kind}'; allowed are local, gguf "
                    "and hub: an organism has its own safety tuning, and a model is tuned once"
                )
            tuning = entry.safety_tuning
            known(f"{key}.safety_tuning.without", tuning.without, self.datasets, "datasets")
            for side, prompts in entry.sides().items():
                known(f"{key}.{side}.datasets", prompts.datasets, self.datasets, "datasets")
                for dataset in prompts.datasets:
                    if has_images(self.datasets[dataset]):
                        raise ValueError(
                            f"{key}.{side}.datasets: '{dataset}' has images; models are tuned on "
                            "text alone"
                        )

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
    def benchmarks(self) -> dict[str, Benchmark]:
        """The benchmarks of this run."""
        return _chosen(self.attack.benchmarks, self.run.benchmarks)

    def criteria_of(self, attack: str) -> list[str]:
        """The criteria of an attack's selection."""
        selection = self.attack.attacks[attack].selection
        return [*self.identification.selections[selection].criteria]

    def _check_targets(self, key: str, targets: list[str] | None, attack: str) -> None:
        """Whether the neurons of each target can be told from the selection's others."""
        criteria = self.criteria_of(attack)
        for target in targets or ():
            if unknown := [name for name in target.split("+") if name not in criteria]:
                selection = self.attack.attacks[attack].selection
                raise ValueError(
                    f"{key}.targets: '{target}' has {', '.join(unknown)}, which is no criterion of "
                    f"identification.selections.{selection}; it has {', '.join(criteria)}"
                )

    def _check_harmful(self) -> None:
        harmful = [b for b in self.benchmarks.values() if b.role == "harmful"]
        for model in self.run.attacked:
            if harmful and not any(b.models is None or model in b.models for b in harmful):
                raise ValueError(
                    f"attack.benchmarks: none of role 'harmful' is for '{model}', which "
                    "run.attacked names; add it to the 'models' of one"
                )

    def _check_images(self) -> None:
        """What is known without files: who must see, and that identification is text."""
        sides = {
            f"identification.{side}": getattr(self.identification, side)
            for side in ("unsafe", "safe")
        }
        if self.topic_control:
            sides |= {
                f"topic_control.{part}": getattr(self.topic_control, part)
                for part in ("matched", "plain")
            }
        for key, side in sides.items():
            for name in side.datasets:
                if has_images(self.datasets[name]):
                    raise ValueError(
                        f"{key}.datasets: '{name}' has images; neurons are found with text alone"
                    )
        for name, dataset in self.datasets.items():
            if isinstance(dataset, TypographicDataset) and has_images(self.datasets[dataset.of]):
                raise ValueError(
                    f"datasets.{name}.of: '{dataset.of}' has images itself; questions are text"
                )
        for model in self.run.models:
            if isinstance(self.models[model], OrganismModel) and (why := self.needs_images(model)):
                raise ValueError(
                    f"{why[0]} has images, but '{model}' sees none; name the models that do in "
                    f"{why[1]}"
                )

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

    def _check_probes(self) -> None:
        selections = self.identification.selections
        if all(selection.rule.kind == "probe" for selection in selections.values()):
            raise ValueError(
                "identification.selections: all are probes; at least one must be of kind "
                "thresholds or fraction"
            )
        for name, attack in self.attack.attacks.items():
            of_probe = selections[attack.selection].rule.kind == "probe"
            if of_probe and attack.fractions:
                raise ValueError(
                    f"attack.attacks.{name}.fractions: a probe's set ('{attack.selection}') ranks "
                    f"no fractions; allowed: [] (found: {attack.fractions})"
                )

    def _check_case_studies(self) -> None:
        name = self.report.case_studies.attack
        attack = self.attack.attacks[name]
        criteria = self.criteria_of(name)
        whole = "+".join(criteria)
        lacks = {
            "source adaptive": attack.source == "adaptive",
            f"{whole} among its targets": whole in attack.targets_among(criteria),
            "base among its arms": attack.arms is None or "base" in attack.arms,
            "0 among its rounds": attack.rounds is None or 0 in attack.rounds,
        }
        if not all(lacks.values()):
            missing = ", ".join(need for need, met in lacks.items() if not met)
            raise ValueError(
                f"report.case_studies.attack: attack.attacks.{name} needs {missing}; "
                "name another attack or change this one"
            )
