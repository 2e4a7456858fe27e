"""Settings of the stage that captures activations."""

from safeneuron.neurons.settings import Pooling, Rows


class CaptureSettings(Rows):
    """Settings of `capture`: the rows of its prompt tables, and how they are pooled and batched."""

    poolings: list[Pooling]
    batch_size: int
    cpu_threads: int
