"""The table of scores that two files of moments give."""

from pathlib import Path

from safeneuron.neurons.criteria import write_criteria
from safeneuron.neurons.moments import load_moments
from safeneuron.neurons.scores import score
from safeneuron.neurons.settings import ScoreSettings


def write_scores(path: Path, unsafe: Path, safe: Path, about: ScoreSettings) -> None:
    """Write every neuron's scores of one contrast under one pooling.

    Args:
        unsafe, safe: the moments of both sides.

    Raises:
        CorruptFileError: moments are damaged, or lack the pooling.
        ValueError: the sides cannot be compared, see `scores.score`.
    """
    ours, theirs = (load_moments(side, about.pooling) for side in (unsafe, safe))
    of = about.model_dump()
    write_criteria(path, score(ours, theirs), {**of.pop("state"), **of}, ours.present)
