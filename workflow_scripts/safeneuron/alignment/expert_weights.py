"""Which elements of a mixture's tensors are a neuron's, told by names and shapes alone.

As `neuron_weights`, and for the same reason: what freezes asks `models.sites`.
"""

import re
from collections.abc import Mapping, Sequence

import torch

from safeneuron.alignment.neuron_weights import Part, Sizes, UnaccountedNeuronsError

_EXPERTS = re.compile(r"(?P<stack>.+)\.(?P<layer>\d+)\.mlp\.experts\.(?P<name>.+)")


def expert_parts(shapes: Mapping[str, Sequence[int]], sizes: Sizes) -> dict[str, Part]:
    """Every tensor that neurons of a decoder's experts own a part of.

    They are under `<stack>.<layer>.mlp.experts.`: of w neurons an expert one [experts, 2 * w,
    hidden], gates before ups, and one [experts, hidden, w]. Neuron j of expert e is number
    e * w + j of its layer. Nothing of the router is a neuron's.

    Args:
        shapes: of the checkpoint's tensors, by name.

    Raises:
        UnaccountedNeuronsError: unless one stack of layers alone has experts, and each of its
            layers these two tensors.
    """
    width = sizes.neurons // sizes.experts
    # shape -> dimension along which neurons lie, and how often they come along it
    known: dict[tuple[int, ...], tuple[int, int]] = {
        (sizes.experts, 2 * width, sizes.hidden): (0, 2),
        (sizes.experts, sizes.hidden, width): (1, 1),
    }
    found: dict[tuple[str, int], list[str]] = {}
    for name, match in ((name, _EXPERTS.fullmatch(name)) for name in shapes):
        if match:
            found.setdefault((match["stack"], int(match["layer"])), []).append(name)
    layers = sorted(layer for _, layer in found)
    if layers != list(range(sizes.layers)) or len({stack for stack, _ in found}) != 1:
        raise UnaccountedNeuronsError(f"experts in {sorted(found)}, not in one stack of {sizes}")
    parts: dict[str, Part] = {}
    for (stack, layer), names in found.items():
        have = {name: tuple(shapes[name]) for name in names}
        if sorted(have.values()) != sorted(known):
            raise UnaccountedNeuronsError(
                f"{stack}.{layer} has experts of {have}, not {sorted(known)} of {sizes}"
            )
        parts |= {name: Part(layer, *known[have[name]]) for name in names}
    return parts


def laid_out(values: torch.Tensor, part: Part) -> torch.Tensor:
    """A tensor as that of one FFN with the neurons of all experts, expert by expert.

    Args:
        values: of a dense layer, which stays as it is but for a weight [in, out]; or
            [experts, 2 * w, hidden] or [experts, hidden, w].

    Returns:
        Of experts [2 * experts * w, hidden], all gates before all ups, or [hidden, experts * w].
    """
    if values.dim() < 3:
        return values.T if part.transposed and values.dim() == 2 else values
    if part.dim == 0:
        return values.unflatten(1, (part.times, -1)).transpose(0, 1).flatten(0, 2)
    return values.transpose(0, 1).flatten(1)
