"""Mergeable first and second moments of activations, and the file that holds them."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from safeneuron.artifacts.files import replacing, set_aside
from safeneuron.errors import CorruptFileError

_DOCUMENT = "safeneuron"


@dataclass(frozen=True)
class Moments:
    """Moments of one model's pooled activations over prompts.

    Attributes:
        count: number of prompts.
        mean: float64 [layers, neurons], mean over prompts.
        m2: float64 [layers, neurons], sum of squared deviations from the mean.
        magnitude: float64 [layers, neurons], mean over prompts of the magnitudes pooled alike
            (`magnitude_pooling`); of a pooling of magnitudes its mean.
        write_norm: float64 [layers, neurons], what a neuron writes to the residual stream per unit
            of its activation: the Euclidean norm of its column of the down projection.
        eps: of the precision that the activations had, from 1 to the next larger number.
    """

    count: int
    mean: np.ndarray
    m2: np.ndarray
    magnitude: np.ndarray
    write_norm: np.ndarray
    eps: float

    @property
    def variance(self) -> np.ndarray:
        """Sample variance with n - 1 (paper App. A.4), [layers, neurons]."""
        return self.m2 / (self.count - 1)

    def of_model_of(self, other: "Moments") -> bool:
        """Whether both are of one model, as far as they know it; norms may differ in rounding."""
        return self.eps == other.eps and np.allclose(
            self.write_norm, other.write_norm, rtol=1e-9, atol=0, equal_nan=True
        )


def merge(a: Moments, b: Moments) -> Moments:
    """Moments of the union of two disjoint prompt sets (Chan, Golub & LeVeque, 1979).

    In float64 the relative error of the merged variance is O(eps * kappa) a merge, with
    kappa = sqrt(1 + mean^2 / variance), instead of the O(eps * kappa^2) of a sum of squares.

    Raises:
        ValueError: they are of different models.
    """
    if not a.of_model_of(b):
        raise ValueError("moments of different models: their down projections or precisions differ")
    count = a.count + b.count
    delta = b.mean - a.mean
    mean = a.mean + delta * (b.count / count)
    magnitude = a.magnitude + (b.magnitude - a.magnitude) * (b.count / count)
    m2 = a.m2 + b.m2 + delta * delta * (a.count * b.count / count)
    return Moments(count, mean, m2, magnitude, a.write_norm, a.eps)


def magnitude_pooling(pooling: str) -> str:
    """The pooling of magnitudes that is like another, or the same: `maxabs` for `max`."""
    return pooling.removesuffix("abs") + "abs"


def with_magnitudes(poolings: Iterable[str]) -> list[str]:
    """The poolings that moments of some need, each once: themselves, and those of magnitudes."""
    pairs = ((pooling, magnitude_pooling(pooling)) for pooling in poolings)
    return list(dict.fromkeys(name for pair in pairs for name in pair))


def save_moments(path: Path, moments: Mapping[str, Moments]) -> None:
    """Write pooling -> moments of one model as safetensors, whole or not at all."""
    any_moments = next(iter(moments.values()))
    arrays = {
        "eps": np.array([any_moments.eps]),
        "down.norm": np.ascontiguousarray(any_moments.write_norm),
    }
    for pooling, m in moments.items():
        arrays[f"{pooling}.count"] = np.array([m.count], dtype=np.int64)
        arrays[f"{pooling}.mean"] = np.ascontiguousarray(m.mean)
        arrays[f"{pooling}.m2"] = np.ascontiguousarray(m.m2)
        arrays[f"{magnitude_pooling(pooling)}.mean"] = np.ascontiguousarray(m.magnitude)
    digests = {pooling: _digest(m) for pooling, m in moments.items()}
    # one key: safetensors writes several in no fixed order
    document = json.dumps({"sha256": digests}, sort_keys=True)
    with replacing(path) as scratch:
        save_file(arrays, scratch, {_DOCUMENT: document})


def load_moments(path: Path, pooling: str) -> Moments:
    """The moments of one pooling.

    Raises:
        CorruptFileError: the file is truncated, changed, or lacks the pooling; it is set aside.
    """
    try:
        with safe_open(path, framework="numpy") as stored:
            count, mean, m2 = (stored.get_tensor(f"{pooling}.{k}") for k in ("count", "mean", "m2"))
            magnitude = stored.get_tensor(f"{magnitude_pooling(pooling)}.mean")
            write_norm, eps = (stored.get_tensor(k) for k in ("down.norm", "eps"))
            expected = json.loads(stored.metadata()[_DOCUMENT])["sha256"][pooling]
    except (SafetensorError, OSError) as error:
        raise CorruptFileError(
            f"{path}: no readable moments of pooling '{pooling}' ({error}); {set_aside(path)}"
        ) from error
    moments = Moments(int(count[0]), mean, m2, magnitude, write_norm, float(eps[0]))
    if _digest(moments) != expected:
        raise CorruptFileError(
            f"{path}: the moments of pooling '{pooling}' are not those that were written; "
            f"{set_aside(path)}"
        )
    return moments


def _digest(m: Moments) -> str:
    count, eps = np.array([m.count], dtype=np.int64), np.array([m.eps])
    arrays = (count, m.mean, m.m2, m.magnitude, m.write_norm, eps)
    return hashlib.sha256(b"".join(np.ascontiguousarray(a).tobytes() for a in arrays)).hexdigest()
