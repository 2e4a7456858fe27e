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
from safeneuron.neurons.routing import Routing, per_expert, per_neuron

_DOCUMENT = "safeneuron"
_PROMPTS, _SHARE = "routing.prompts", "routing.share"


@dataclass(frozen=True)
class Moments:
    """Moments of one model's pooled activations over prompts.

    Of a mixture of experts a neuron's are over the prompts of which some token reaches its expert,
    each pooled over its tokens that do.

    Attributes:
        count: number of prompts; of a mixture of experts int64 [layers, neurons].
        mean: float64 [layers, neurons], mean over prompts.
        m2: float64 [layers, neurons], sum of squared deviations from the mean.
        magnitude: float64 [layers, neurons], mean over prompts of the magnitudes pooled alike
            (`magnitude_pooling`); of a pooling of magnitudes its mean.
        write_norm: float64 [layers, neurons], what a neuron writes to the residual stream per unit
            of its activation: the Euclidean norm of its column of the down projection; NaN of a
            neuron that a layer does not have (`neurons.grid`).
        eps: of the precision that the activations had, from 1 to the next larger number.
        routing: of a mixture of experts how often the prompts reach each; None of a dense model.
    """

    count: int | np.ndarray
    mean: np.ndarray
    m2: np.ndarray
    magnitude: np.ndarray
    write_norm: np.ndarray
    eps: float
    routing: Routing | None = None

    @property
    def prompts(self) -> int:
        """How many prompts were captured, whatever experts they reach."""
        return self.routing.prompts if self.routing else int(self.count)

    @property
    def width(self) -> int:
        """Neurons that are computed together: a layer's, or an expert's."""
        return self.mean.shape[1] // (self.routing.experts if self.routing else 1)

    @property
    def present(self) -> np.ndarray:
        """The neurons that there are, boolean [layers, neurons]."""
        return ~np.isnan(self.write_norm)

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
    some = np.maximum(count, 1)  # of an expert that no prompt reaches all is 0
    delta = b.mean - a.mean
    mean = a.mean + delta * (b.count / some)
    magnitude = a.magnitude + (b.magnitude - a.magnitude) * (b.count / some)
    m2 = a.m2 + b.m2 + delta * delta * (a.count * b.count / some)
    routing = a.routing.merged(b.routing) if a.routing and b.routing else None
    return Moments(count, mean, m2, magnitude, a.write_norm, a.eps, routing)


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
        arrays[f"{pooling}.count"] = _stored_count(m)
        arrays |= {f"{pooling}.{name}": values for name, values in _routing_arrays(m).items()}
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
            routing = None
            if f"{pooling}.{_SHARE}" in stored.keys():  # noqa: SIM118 - it is no mapping
                of_all, share = (stored.get_tensor(f"{pooling}.{k}") for k in (_PROMPTS, _SHARE))
                routing = Routing(int(of_all[0]), share)
    except (SafetensorError, OSError) as error:
        raise CorruptFileError(
            f"{path}: no readable moments of pooling '{pooling}' ({error}); {set_aside(path)}"
        ) from error
    counted = per_neuron(count, mean.shape[1]) if routing else int(count[0])
    moments = Moments(counted, mean, m2, magnitude, write_norm, float(eps[0]), routing)
    if _digest(moments) != expected:
        raise CorruptFileError(
            f"{path}: the moments of pooling '{pooling}' are not those that were written; "
            f"{set_aside(path)}"
        )
    return moments


def _routing_arrays(m: Moments) -> dict[str, np.ndarray]:
    """None of a dense model. Groups of prompts have each their own."""
    if m.routing is None:
        return {}
    prompts = np.array([m.routing.prompts], dtype=np.int64)
    return {_PROMPTS: prompts, _SHARE: np.ascontiguousarray(m.routing.share)}


def _stored_count(m: Moments) -> np.ndarray:
    """int64 [1], or of a mixture of experts [layers, experts]."""
    if m.routing is None:
        return np.array([m.count], dtype=np.int64)
    return np.ascontiguousarray(per_expert(np.asarray(m.count), m.routing.experts))


def _digest(m: Moments) -> str:
    count, eps = _stored_count(m), np.array([m.eps])
    arrays = (count, m.mean, m.m2, m.magnitude, m.write_norm, eps, *_routing_arrays(m).values())
    return hashlib.sha256(b"".join(np.ascontiguousarray(a).tobytes() for a in arrays)).hexdigest()
