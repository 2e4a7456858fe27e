"""Settings of the stage that captures groups of prompts."""

from safeneuron.neurons.regrouping_settings import Regrouping
from safeneuron.neurons.settings import Pooling, Rows
from safeneuron.settings import Section


class CaptureNullsSettings(Section):
    """Settings of `capture_nulls`: the rows of both sides, how often they are dealt into groups."""

    unsafe: Rows
    safe: Rows
    nulls: Regrouping
    poolings: list[Pooling]
    batch_size: int
    cpu_threads: int
