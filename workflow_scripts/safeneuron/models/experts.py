"""Mixtures of experts: a place to stand in them, and what their neurons are.

Neuron (expert e, element j of the input of e's down projection) is number e * width + j of its
layer. Transformers keeps a layer's experts in two parameters, and computes them in ways that show
no activation. A model whose experts are exposed computes them in another, by the interface that
transformers has for it: the same products and sums, with a module between the projections that
hooks see. Neither is saved with a model.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn
from transformers import PreTrainedModel
from transformers.integrations.moe import ALL_EXPERTS_FUNCTIONS

from safeneuron.models.mixtures import MIXTURES
from safeneuron.models.site import Index, NeuronSite, Owned, UnsupportedArchitectureError

_EXPOSED = "safeneuron"
_PRODUCTS = "products"


class Routed(NamedTuple):
    """Activations of a layer's experts, a row for each expert that a token reaches.

    Attributes:
        activations: [rows, neurons of an expert].
        tokens: of each row, number of the token in the batch, prompt by prompt; int64 [rows].
        experts: of each row; int64 [rows], ascending.
        number: of experts of the layer.
    """

    activations: torch.Tensor
    tokens: torch.Tensor
    experts: torch.Tensor
    number: int

    @property
    def device(self) -> torch.device:
        """Where they lie."""
        return self.activations.device


class Products(nn.Module):
    """A place to stand: what the down projections of a layer's experts are given."""

    def forward(
        self, activations: torch.Tensor, tokens: torch.Tensor, experts: torch.Tensor
    ) -> torch.Tensor:
        """The activations; see `Routed`."""
        return activations


def expose_experts(model: PreTrainedModel) -> None:
    """Let hooks see the experts of a model; one without supported experts stays as it is."""
    if model.config.get_text_config(decoder=True).model_type not in MIXTURES:
        return
    model.set_experts_implementation(_EXPOSED)
    for name, module in list(model.named_modules()):
        if name.endswith((".mlp.experts", ".feed_forward.experts")):
            module.add_module(_PRODUCTS, Products())


@dataclass(frozen=True)
class ExpertsSite(NeuronSite):
    """One layer's mixture of experts: its `module` is given what the down projections are.

    Attributes:
        experts: the module with the parameters of all experts: `gate_up_proj`
            [experts, 2 * width, hidden], gates before ups, and `down_proj`
            [experts, hidden, width]. gpt-oss' are transposed, gates and ups alternate, and both
            have biases.
    """

    experts: Any

    @property
    def gate_up(self) -> nn.Parameter:
        """What computes the neurons, as it is stored."""
        found: nn.Parameter = self.experts.gate_up_proj
        return found

    @property
    def down(self) -> nn.Parameter:
        """What reads the neurons, as it is stored."""
        found: nn.Parameter = self.experts.down_proj
        return found

    @property
    def count(self) -> int:
        """How many experts the layer has."""
        return self.down.shape[0]

    @property
    def width(self) -> int:
        """How many neurons an expert has."""
        return self.down.shape[1 if self.experts.is_transposed else 2]

    @property
    def neurons(self) -> int:
        """How many neurons the layer has, expert by expert."""
        return self.count * self.width

    @property
    def form(self) -> tuple[int, ...]:
        """Experts, and numbers inward of a neuron."""
        return self.count, 2

    @property
    def dtype(self) -> torch.dtype:
        """Of the down projections."""
        return self.down.dtype

    @property
    def write_norm(self) -> np.ndarray:
        """Euclidean norm of each neuron's column of its down projection, float64 [neurons]."""
        norms = [
            torch.linalg.vector_norm(columns.detach().cpu().double(), dim=0)
            for columns in _by_rows(self.experts, self.down)
        ]
        return torch.cat(norms).numpy()

    @property
    def trainable(self) -> list[torch.Tensor]:
        """The weights of all experts, without the router's."""
        return [self.gate_up, self.down]

    @contextmanager
    def observe(self, see: Callable[[Any], Any]) -> Iterator[None]:
        """A context in which `see` gets the activations, as `Routed`."""

        def hook(_: nn.Module, inputs: tuple[Any, ...]) -> None:
            activations, tokens, experts = inputs
            see(Routed(activations, tokens, experts, self.count))

        with self._hook(hook):
            yield

    @contextmanager
    def changed(
        self, change: Callable[..., torch.Tensor], *of_neurons: np.ndarray
    ) -> Iterator[None]:
        """A context in which the layer's neurons are what `change` makes of them.

        Args:
            change: from tensors and activations, [rows, width] all, see `Routed`.
            of_neurons: what the tensors have, [neurons] each.
        """
        tables = [torch.from_numpy(a.reshape(self.count, self.width).copy()) for a in of_neurons]

        def hook(_: nn.Module, inputs: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
            activations, tokens, experts = inputs
            of_rows = (table.to(experts.device)[experts] for table in tables)
            return change(*of_rows, activations), tokens, experts

        with self._hook(hook):
            yield

    def owned(self, row: np.ndarray) -> list[Owned]:
        """Rows of the experts' gates and ups, their biases, and columns of the down projections.

        Args:
            row: boolean [neurons].
        """
        expert, element = self._places(row)
        gates, ups = 2 * element, 2 * element + 1
        if self.experts.is_concatenated:
            gates, ups = element, element + self.width
        of, rows, every = torch.cat([expert, expert]), torch.cat([gates, ups]), slice(None)
        transposed = self.experts.is_transposed
        inward: Index = (of, every, rows) if transposed else (of, rows)
        columns: Index = (expert, element) if transposed else (expert, every, element)
        owned = [Owned(self.gate_up, inward, self.experts, True)]
        if self.experts.has_bias:
            owned.append(Owned(self.experts.gate_up_proj_bias, (of, rows), self.experts, True))
        return [*owned, Owned(self.down, columns, self.experts, False)]

    def _places(self, row: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        """Expert and element of the neurons of a row, int64 [neurons of it] both."""
        expert, element = np.nonzero(row.reshape(self.count, self.width))
        device = self.down.device
        return torch.from_numpy(expert).to(device), torch.from_numpy(element).to(device)


def experts_site(model: PreTrainedModel, layer: int, experts: nn.Module) -> ExpertsSite:
    """The site of a layer's routed experts.

    Raises:
        UnsupportedArchitectureError: the model is of no supported kind, or the experts have another
            form than `ExpertsSite` says.
        RuntimeError: the experts are not exposed (`expose_experts`).
    """
    kind = model.config.get_text_config(decoder=True).model_type
    shapes = {name: tuple(p.shape) for name, p in experts.named_parameters()}
    if kind not in MIXTURES or shapes != _shapes(experts, shapes.get("down_proj", ())):
        raise UnsupportedArchitectureError(
            f"{type(model).__name__}: layer {layer} is a mixture of experts that is not supported "
            f"('{kind}': experts have {shapes}); supported are {', '.join(MIXTURES)}"
        )
    products = dict(experts.named_children()).get(_PRODUCTS)
    if products is None or model.config._experts_implementation != _EXPOSED:
        raise RuntimeError("the experts of this model are not exposed; see expose_experts")
    return ExpertsSite(layer, products, experts)


def _shapes(experts: Any, down: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    """The shapes that the parameters of experts must have, by that of their down projections."""
    if len(down) != 3:
        return {}
    transposed = experts.is_transposed
    count, (width, hidden) = down[0], down[1:] if transposed else down[:0:-1]
    gate_up = (hidden, 2 * width) if transposed else (2 * width, hidden)
    shapes: dict[str, tuple[int, ...]] = {"gate_up_proj": (count, *gate_up), "down_proj": down}
    if experts.has_bias:
        shapes |= {"gate_up_proj_bias": (count, 2 * width), "down_proj_bias": (count, hidden)}
    return shapes


def _by_rows(experts: Any, weight: torch.Tensor) -> torch.Tensor:
    """A weight of all experts [experts, out, in], however it is stored."""
    return weight.transpose(1, 2) if experts.is_transposed else weight


def _exposed_forward(
    experts: Any, states: torch.Tensor, chosen: torch.Tensor, weights: torch.Tensor
) -> torch.Tensor:
    """Transformers' grouped computation of a layer's experts, with its products in between.

    Args:
        experts: the module with the parameters.
        states: [tokens, hidden].
        chosen, weights: the experts that each token reaches and how much each counts for it,
            [tokens, experts a token].

    Returns:
        [tokens, hidden].
    """
    by_expert = torch.sort(chosen.reshape(-1), stable=True)
    of_rows, order = by_expert.values, by_expert.indices
    tokens = order // chosen.shape[-1]
    reached = torch.bincount(of_rows, minlength=experts.num_experts).tolist()
    gate_up = _by_expert(states[tokens], _by_rows(experts, experts.gate_up_proj), reached)
    if experts.has_bias:
        gate_up = gate_up + experts.gate_up_proj_bias[of_rows]
    products = experts.products(experts._apply_gate(gate_up), tokens, of_rows)
    written = _by_expert(products, _by_rows(experts, experts.down_proj), reached)
    if experts.has_bias:
        written = written + experts.down_proj_bias[of_rows]
    written = written * weights.reshape(-1)[order, None]
    back = torch.empty_like(order)
    back[order] = torch.arange(len(order), device=order.device)
    return written[back].view(*chosen.shape, -1).sum(dim=1).to(states.dtype)


def _by_expert(rows: torch.Tensor, weights: torch.Tensor, reached: list[int]) -> torch.Tensor:
    """Each row times its expert's weight, [rows, out]; rows lie expert by expert.

    Args:
        rows: [rows, in].
        weights: [experts, out, in].
        reached: number of rows of each expert.
    """
    parts = zip(rows.split(reached), weights.unbind(), strict=True)
    return torch.cat([nn.functional.linear(part, weight) for part, weight in parts if len(part)])


ALL_EXPERTS_FUNCTIONS.register(_EXPOSED, _exposed_forward)
