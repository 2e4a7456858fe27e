"""Where everything lies below an experiment's results folder: each path pattern, once.

Patterns hold a state's wildcards (`states.STATE`) and others in braces; `over` fills them in.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import product

from safeneuron.experiment.states import STATE, State


class Paths:
    """The path patterns of one experiment."""

    def __init__(self, results: str) -> None:
        """`results` is the experiment's folder, such as `results/demo`."""
        self.results = results
        self.checkpoint = f"{results}/models/{STATE}/checkpoint.json"
        self.validation = f"{results}/models/{STATE}/validation.json"
        self.pretrained = f"{results}/models/{{model}}/pretrained/s{{seed}}/checkpoint.json"
        self.converted = f"{results}/models/{{model}}/converted/checkpoint.json"
        self.base_answers = f"{results}/tuning/{{model}}/base_answers.parquet"
        self.tuning_examples = f"{results}/tuning/{{model}}/examples.parquet"
        self.training = f"{results}/models/{STATE}/training.parquet"
        self.training_benchmark = f"{results}/benchmarks/align/{STATE}.tsv"
        self.freeze_report = f"{results}/models/{STATE}/freeze_report.json"
        self.moments = f"{results}/moments/{STATE}/{{prompt_set}}.safetensors"
        self.null_moments = f"{results}/null_moments/{STATE}/{{dataset}}.safetensors"
        self.scores = f"{results}/scores/{STATE}/{{pooling}}/{{contrast}}.parquet"
        self.neuron_set = f"{results}/sets/{STATE}/{{selection}}/{{contrast}}.parquet"
        self.directions = f"{results}/directions/{STATE}/{{attack}}.safetensors"
        self.direction_scores = f"{results}/directions/{STATE}/{{attack}}.parquet"
        self.attribution = f"{results}/attribution/{STATE}/{{attack}}.parquet"
        self.candidates = f"{results}/attribution/{STATE}/candidates/{{attack}}.parquet"
        self.responses = f"{results}/responses/{STATE}/{{attack}}/{{benchmark}}.parquet"
        self.verdicts = f"{results}/verdicts/{STATE}/{{attack}}/{{benchmark}}/{{judge}}.parquet"
        self.capability = f"{results}/capability/{STATE}/{{attack}}/{{task}}.parquet"
        self.reference = f"{results}/reference/{STATE}.parquet"
        self.length_matched = f"{results}/prompts/controls/length_matched.parquet"
        self.report = f"{results}/report.html"
        self.libraries = f"{results}/libraries.json"

    def prompts(self, datasets: Iterable[str]) -> list[str]:
        """The prompt tables of data sets."""
        return [f"{self.results}/prompts/{dataset}.parquet" for dataset in datasets]

    def preferences(self, mixes: Iterable[str]) -> list[str]:
        """The tables of preference mixes."""
        return [f"{self.results}/preferences/{mix}.parquet" for mix in dict.fromkeys(mixes)]

    def table(self, name: str, endings: Sequence[str] = ("parquet", "csv")) -> list[str]:
        """The files of a result table."""
        return [f"{self.results}/tables/{name}.{ending}" for ending in endings]


def fill(pattern: str, state: State, **wildcards: str) -> str:
    """A path pattern with its state's wildcards and the others filled in."""
    return pattern.format(**state._asdict(), **wildcards)


def over(states: Iterable[State], pattern: str, **wildcards: str | Sequence[str]) -> list[str]:
    """A path pattern, state by state; a wildcard with several values takes each of them."""
    values = [[value] if isinstance(value, str) else value for value in wildcards.values()]
    return [
        fill(pattern, state, **dict(zip(wildcards, chosen, strict=True)))
        for state in states
        for chosen in product(*values)
    ]


def one_of(names: Iterable[str]) -> str:
    """A wildcard's constraint: one of the names, nothing if there are none."""
    return "|".join(map(re.escape, names)) or "(?!)"
