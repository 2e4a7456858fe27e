"""Directions that are removed from the residual stream, at every write to it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import numpy as np
import torch
from transformers import PreTrainedModel

from safeneuron.models.rows import of_rows
from safeneuron.models.sites import UnsupportedArchitectureError
from safeneuron.models.writes import probe, rewritten, stream_seen

ORTHONORMAL = 1e-5
"""How far products of directions may be from those of orthonormal ones."""

LEFT_OVER = 1e-3
"""Root mean square of what may be left along a direction, where the stream has one on average."""

ROUNDING = 4.0
"""How often what additions round away on average may be left beside that. Large numbers that come
and go leave the rounding of what they were: some streams hold thousands for a few layers."""


@contextmanager
def projected_out(
    model: PreTrainedModel, directions: np.ndarray, reading: bool = False
) -> Iterator[None]:
    """A context in which nothing writes along some directions (Arditi et al. 2024, Eq. 4).

    x becomes x - R^T R x at the embedding and at the output of every attention and MLP, in float32.

    Args:
        directions: [directions, hidden], orthonormal; none leave the model as it is.
        reading: also remove them from what every attention and MLP reads, after its norm.

    Raises:
        ValueError: the directions are not orthonormal, or not of the model's width.
        UnsupportedArchitectureError: something else writes to the residual stream too.
    """
    if len(directions) == 0:
        yield
        return
    rows = _checked(model, directions)

    with rewritten(model, lambda stream: _without(stream, rows), reading):
        _check_gone(model, rows)
        yield


class Removal:
    """`projected_out` with a switch: directions are removed while they are not None.

    That nothing else writes to the stream is looked at once, with a random direction, and not for
    all that are set. Gradients flow through what is left of the stream; directions are constant.

    Attributes:
        directions: float [directions, hidden], orthonormal.
        rows: the prompts that they are removed for, boolean [prompts] of one batch; None for all
            (`of_rows`).
    """

    def __init__(self, model: PreTrainedModel) -> None:
        """Put it on the model, inactive.

        Raises:
            UnsupportedArchitectureError: something else writes to the residual stream too.
        """
        width = model.get_input_embeddings().embedding_dim
        random = torch.from_numpy(np.random.default_rng(0).normal(size=(1, width))).float()
        self.directions: torch.Tensor | None = random / random.norm()
        self.rows: torch.Tensor | None = None
        with ExitStack() as context:
            context.enter_context(rewritten(model, self._change, reading=False))
            _check_gone(model, self.directions)
            self.directions = None
            self._context = context.pop_all()

    def _change(self, stream: torch.Tensor) -> torch.Tensor:
        if self.directions is None:
            return stream
        return of_rows(self.rows, stream, _without(stream, self.directions))

    def remove(self) -> None:
        """Take it off the model."""
        self._context.close()


def _without(stream: torch.Tensor, directions: torch.Tensor) -> torch.Tensor:
    """The stream less its part along directions, in float32 also where matrix products are not."""
    on = directions.to(stream.device)
    whole = stream.float()
    with torch.autocast(stream.device.type, enabled=False):
        return (whole - (whole @ on.T) @ on).to(stream.dtype)


def _checked(model: PreTrainedModel, directions: np.ndarray) -> torch.Tensor:
    width = model.get_input_embeddings().embedding_dim
    if directions.ndim != 2 or directions.shape[1] != width:
        raise ValueError(f"directions of shape {directions.shape} for a stream of width {width}")
    products = directions.astype(np.float64) @ directions.astype(np.float64).T
    if not np.allclose(products, np.eye(len(directions)), rtol=0, atol=ORTHONORMAL):
        raise ValueError("the directions are not orthonormal")
    return torch.from_numpy(directions.astype(np.float32))


def _check_gone(model: PreTrainedModel, rows: torch.Tensor) -> None:
    """Raise unless the stream has nothing along the directions after any layer."""
    left: dict[int, float] = {}
    allowed: dict[int, float] = {}
    eps = torch.finfo(model.dtype).eps
    rounded = 0.0  # squared, along a direction, by all additions so far

    def see(place: int, stream: torch.Tensor) -> None:
        nonlocal rounded
        whole, on = stream.float(), rows.to(stream.device)
        rounded += eps**2 * (whole.square() @ on.square().T).mean().item()
        if place == 0:  # seen before it is changed
            return
        size = whole.square().mean().item()
        left[place] = ((whole @ on.T).square().mean().item() / size) ** 0.5
        allowed[place] = (LEFT_OVER**2 + ROUNDING**2 * rounded / size) ** 0.5

    with stream_seen(model, see):
        probe(model)
    worst = max(left, key=lambda place: left[place] / allowed[place])
    if left[worst] > allowed[worst]:
        raise UnsupportedArchitectureError(
            f"{type(model).__name__}: with directions removed from the embedding and from all that "
            f"attention and MLP write, {left[worst]:.2g} of them is left after layer {worst - 1}; "
            "something else writes to the residual stream"
        )
