"""Which elements of a checkpoint's tensors are a neuron's, told by names and shapes alone.

The proof of freezing looks here, and what freezes asks `models.sites`: a mistake of one is none of
the other's, and shows.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from safeneuron.errors import SafeNeuronError

_OUTWARD = re.compile("down|c_proj|4h_to_h|fc2|fc_out|w2")
_IN_FFN = re.compile(
    r"(?P<stack>.+)\.(?P<layer>\d+)\.(mlp|feed_forward)\.(?P<module>.+)\.(?P<kind>weight|bias)"
)


class UnaccountedNeuronsError(SafeNeuronError):
    """A checkpoint's tensors do not add up to the neurons that its configuration says it has."""


class Sizes(NamedTuple):
    """What a configuration says of a decoder.

    Attributes:
        layers: their number.
        neurons: of the widest layer, in whole experts if it has some.
        hidden: width of the residual stream.
        experts: that are routed to in a layer; 0 where no layer is a mixture of experts.
        width: neurons of an expert.
        transposed: whether weights are [in, out] (GPT-2, gpt-oss).
        alternate: whether an expert's gates and ups alternate, and have biases (gpt-oss).
    """

    layers: int
    neurons: int
    hidden: int
    experts: int = 0
    width: int = 0
    transposed: bool = False
    alternate: bool = False


class Part(NamedTuple):
    """How a tensor is the neurons' of a layer.

    Attributes:
        layer: its index.
        dim: the dimension along which neurons are counted: 0 for rows, 1 for columns, of weights
            [out, in].
        times: how often all of them come along it, one after the other (2 where gate and up are
            fused).
        transposed: whether a weight is stored [in, out].
        alternate: whether the numbers inward of experts' neurons alternate.
        first, number: the neurons of the layer that the tensor is of; a number of 0 for all.
    """

    layer: int
    dim: int
    times: int
    transposed: bool = False
    first: int = 0
    number: int = 0
    alternate: bool = False

    def indices(self, row: np.ndarray) -> np.ndarray:
        """Where the neurons of a row of a mask, boolean [neurons], are along the dimension."""
        return np.flatnonzero(np.tile(row[self.first :][: self.number or None], self.times))

    def neurons(self, indices: np.ndarray, row: np.ndarray) -> np.ndarray:
        """The neurons of a layer that are at some places along the dimension."""
        return indices % (self.number or len(row)) + self.first


def neuron_parts(shapes: Mapping[str, Sequence[int]], sizes: Sizes) -> dict[str, Part]:
    """Every tensor that neurons of the decoder own a part of (paper §3.1, Eq. 3).

    They are under `<stack>.<layer>.mlp.`, or `feed_forward` for `mlp`. Row j of a weight [neurons,
    hidden] is neuron j's, and so is column j of one [hidden, neurons]; of a fused weight [2 *
    neurons, hidden], rows j and j + neurons. An inward weight's bias has the weight's rows; an
    outward one's is no neuron's.
    With a gate a neuron has two numbers inward, without one it has one.

    Args:
        shapes: of the checkpoint's tensors, by name.

    Raises:
        UnaccountedNeuronsError: unless one stack of layers alone has such weights, each of its
            layers one or two numbers inward, as many as the first one, and one outward for each
            neuron, and nothing else.
    """
    stacks: dict[str, dict[int, dict[str, Part | None]]] = {}
    for name, match in ((name, _IN_FFN.fullmatch(name)) for name in shapes):
        if match:
            layer = int(match["layer"])
            weight = name.removesuffix(match["kind"]) + "weight"
            part = _part(layer, match["module"], shapes.get(weight, ()), sizes)
            stacks.setdefault(match["stack"], {}).setdefault(layer, {})[name] = part
    found = {stack: layers for stack, layers in stacks.items() if _reads_neurons(layers)}
    if len(found) != 1:
        raise UnaccountedNeuronsError(
            f"{len(found)} stacks of layers have FFN weights of {sizes}, not one; looked at "
            f"{sorted(stacks)}, found {sorted(found)}"
        )
    ((stack, layers),) = found.items()
    if sorted(layers) != list(range(sizes.layers)):
        raise UnaccountedNeuronsError(f"{stack} has FFNs in layers {sorted(layers)}, not {sizes}")
    parts: dict[str, Part] = {}
    counts = {layer: _numbers(tensors) for layer, tensors in sorted(layers.items())}
    for layer, tensors in layers.items():
        inward, outward = counts[layer]
        unknown = [name for name, part in tensors.items() if name.endswith(".weight") and not part]
        if inward not in (1, 2) or outward != 1 or counts[layer] != counts[0] or unknown:
            raise UnaccountedNeuronsError(
                f"{stack}.{layer} has {inward} numbers inward and {outward} outward for each of "
                f"{sizes.neurons} neurons, not 2 and 1, or 1 and 1 without a gate, as layer 0 has "
                f"({counts[0]}); of no neuron: {unknown}; it has "
                f"{ {name: tuple(shapes[name]) for name in tensors} }"
            )
        parts |= {
            name: part for name, part in tensors.items() if part and len(shapes[name]) > part.dim
        }
    return parts


def _numbers(tensors: Mapping[str, Part | None]) -> tuple[int, int]:
    """How many numbers inward and outward the weights of a layer have for each neuron."""
    weights = [part for name, part in tensors.items() if name.endswith(".weight") and part]
    inward, outward = (sum(part.times for part in weights if part.dim == d) for d in (0, 1))
    return inward, outward


def _reads_neurons(layers: Mapping[int, Mapping[str, Part | None]]) -> bool:
    return any(part and part.dim == 1 for tensors in layers.values() for part in tensors.values())


def _part(layer: int, module: str, weight: Sequence[int], sizes: Sizes) -> Part | None:
    """What a projection is to the neurons, by its weight's shape; None if nothing."""
    if sizes.transposed:
        weight = weight[::-1]
    square = sizes.hidden == sizes.neurons  # the shape does not say which way it is
    if tuple(weight) == (sizes.hidden, sizes.neurons) and (not square or _OUTWARD.search(module)):
        return Part(layer, 1, 1, sizes.transposed)
    if len(weight) == 2 and weight[1] == sizes.hidden and weight[0] % sizes.neurons == 0:
        return Part(layer, 0, weight[0] // sizes.neurons, sizes.transposed)
    return None
