"""Settings of the stages that capture activations."""

from safeneuron.neurons.settings import Pooling, Regrouping, Rows
from safeneuron.settings import Section


class CaptureSettings(Rows):
    """Settings of `capture`: the rows of its prompt tables, and how they are pooled and batched."""

    poolings: list[Pooling]
    batch_size: int
    cpu_threads: int


class CaptureNullsSettings(Section):
    """Settings of `capture_nulls`: the rows of both sides, how often they are dealt into groups."""

    unsafe: Rows
    safe: Rows
    nulls: Regrouping
    poolings: list[Pooling]
    batch_size: int
    cpu_threads: int
