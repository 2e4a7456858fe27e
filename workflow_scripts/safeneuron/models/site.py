"""Places in a forward pass that modules hook into; those that a layer's neurons are read at."""

from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from safeneuron.errors import SafeNeuronError

Index = tuple[slice | torch.Tensor, ...]


class UnsupportedArchitectureError(SafeNeuronError):
    """The model is not a decoder of layers with an FFN of a known family."""


class Owned(NamedTuple):
    """A part of a parameter that belongs to neurons.

    Attributes:
        parameter: a weight or a bias of a projection.
        where: the part's index in it.
        projection: the module that the parameter is of.
        inward: whether the projection computes the neurons; if not, it reads them.
    """

    parameter: torch.Tensor
    where: Index
    projection: nn.Module
    inward: bool


@dataclass(frozen=True)
class Site:
    """A place in the forward pass: what a module is given, as its first input.

    Attributes:
        layer: index of the decoder layer.
        module: the module.
    """

    layer: int
    module: nn.Module

    @contextmanager
    def observe(self, see: Callable[[Any], Any]) -> Iterator[None]:
        """A context in which `see` gets the activations, [prompts, tokens, width]."""

        def hook(_: nn.Module, inputs: tuple[Any, ...]) -> None:
            see(inputs[0])  # what that returns is not for the model

        with self._hook(hook):
            yield

    @contextmanager
    def intervene(self, change: Callable[[torch.Tensor], torch.Tensor]) -> Iterator[None]:
        """A context in which the model goes on with what `change` makes of the activations."""
        with self._hook(lambda _, inputs: (change(inputs[0]), *inputs[1:])):
            yield

    @contextmanager
    def _hook(self, hook: Callable[[nn.Module, tuple[Any, ...]], Any]) -> Iterator[None]:
        handle = self.module.register_forward_pre_hook(hook)
        try:
            yield
        finally:
            handle.remove()


class NeuronSite(Site):
    """The place where a layer's neurons are read, and what may be asked of them."""

    @property
    @abstractmethod
    def neurons(self) -> int:
        """How many neurons the layer has."""

    @property
    @abstractmethod
    def form(self) -> tuple[int, ...]:
        """How the neurons lie in the weights: alike in all layers of a model."""

    @property
    @abstractmethod
    def dtype(self) -> torch.dtype:
        """Of the weights that read the neurons."""

    @property
    @abstractmethod
    def write_norm(self) -> np.ndarray:
        """Euclidean norm of what reads each neuron, float64 [neurons].

        It is what a neuron writes to the residual stream per unit of its activation, but for the
        norm that Gemma 2 and 3 have between, and the routing weight of an expert, which are the
        layer's and not a neuron's.
        """

    @property
    @abstractmethod
    def trainable(self) -> list[torch.Tensor]:
        """The weights that train where the FFN alone trains, without biases and routers."""

    @abstractmethod
    def owned(self, row: np.ndarray) -> list[Owned]:
        """What belongs to neurons: rows of what computes them, biases too, and what reads them.

        What reads them, parts that are not `inward`, is all that the model sees of them.

        Args:
            row: boolean [neurons].
        """

    @abstractmethod
    def changed(
        self, change: Callable[..., torch.Tensor], *of_neurons: np.ndarray
    ) -> AbstractContextManager[None]:
        """A context in which the layer's neurons are what `change` makes of them.

        Args:
            change: from tensors with a number for each neuron and activations that they are
                broadcast over, to the activations that the model goes on with.
            of_neurons: what the tensors have, such as which neurons are to change; [neurons] each.
        """
