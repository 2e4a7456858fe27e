"""All criteria by name, each with its threshold in a configuration: a new one has a line in each.

A linear probe's weights are a criterion of their own kind (`probe`): they are not made of moments.
"""

from typing import Literal

from pydantic import Field

from safeneuron.neurons.criteria.abs_activation_shift import ABS_SAS
from safeneuron.neurons.criteria.abs_effect_size import ABS_ES
from safeneuron.neurons.criteria.abs_welch import ABS_WELCH
from safeneuron.neurons.criteria.activation_shift import SAS
from safeneuron.neurons.criteria.criterion import Criterion
from safeneuron.neurons.criteria.effect_size import ES
from safeneuron.neurons.criteria.welch import WELCH
from safeneuron.neurons.criteria.write_activation_shift import WRITE_SAS
from safeneuron.settings import Section

CriterionName = Literal["es", "sas", "abs_es", "abs_sas", "write_sas", "welch", "abs_welch"]

CRITERIA: dict[str, Criterion] = {
    "es": ES,
    "sas": SAS,
    "abs_es": ABS_ES,
    "abs_sas": ABS_SAS,
    "write_sas": WRITE_SAS,
    "welch": WELCH,
    "abs_welch": ABS_WELCH,
}


class Thresholds(Section):
    """The paper's selection: every neuron above a threshold."""

    kind: Literal["thresholds"] = Field(
        "thresholds", description="Neurons are selected by a threshold for each criterion."
    )
    es: float | None = Field(
        None,
        ge=0,
        le=100,
        description="Least effect size, Cohen's d (paper: 3.0 for Qwen models, 2.0 for Llama "
        "models).",
    )
    sas: float | None = Field(
        None, ge=0, le=100, description="Least z-scored activation shift (paper: 2.0)."
    )
    abs_es: float | None = Field(
        None, ge=0, le=100, description="Least magnitude of the effect size."
    )
    abs_sas: float | None = Field(
        None, ge=0, le=100, description="Least magnitude of the z-scored activation shift."
    )
    write_sas: float | None = Field(
        None, ge=0, le=100, description="Least z-scored shift of what a neuron writes."
    )
    welch: float | None = Field(None, ge=0, le=1000, description="Least Welch's t.")
    abs_welch: float | None = Field(
        None, ge=0, le=1000, description="Least magnitude of Welch's t."
    )
