"""Which elements of a mixture's tensors are a neuron's, told by names and shapes alone.

As `neuron_weights`, and for the same reason: what freezes asks `models.sites`.
"""

import re
from collections.abc import Mapping, Sequence

import torch

from safeneuron.alignment.neuron_weights import Part, Sizes, UnaccountedNeuronsError

_IN_FFN = re.compile(r"(?P<stack>.+)\.(?P<layer>\d+)\.(mlp|feed_forward)\.(?P<rest>.+)")
_SHARED = re.compile(r"shared_(experts?|mlp)\.(?P<rest>.+)")
_OUTWARD = re.compile(r"(down\w+|w2)\.weight")


def expert_parts(shapes: Mapping[str, Sequence[int]], sizes: Sizes) -> dict[str, Part]:
    """Every tensor that neurons of a decoder with mixtures of experts own a part of.

    They are under `<stack>.<layer>.mlp.`, or `feed_forward` for `mlp`. A mixture has `experts`: of
    E experts of w neurons one tensor [E, 2 * w, hidden], gates before ups, and one [E, hidden, w];
    neuron j of expert e is number e * w + j of its layer. A shared expert of n neurons has weights
    of two dimensions, [n, hidden] and [hidden, n], and its neurons are numbers E * w and on. So has
    a layer that is no mixture, whose neurons begin at 0. Where gates and ups alternate weights are
    transposed, and a neuron has two biases. Nothing of the router is a neuron's.

    Args:
        shapes: of the checkpoint's tensors, by name.

    Raises:
        UnaccountedNeuronsError: unless one stack of layers alone has such tensors, and each of its
            layers two numbers inward and one outward for each neuron.
    """
    found: dict[tuple[str, int], dict[str, str]] = {}
    for name, match in ((name, _IN_FFN.fullmatch(name)) for name in shapes):
        if match:
            of_layer = found.setdefault((match["stack"], int(match["layer"])), {})
            of_layer[match["rest"]] = name
    of_experts = {
        stack for (stack, _), names in found.items() if any(n.startswith("experts.") for n in names)
    }
    layers = sorted(layer for stack, layer in found if stack in of_experts)
    if layers != list(range(sizes.layers)) or len(of_experts) != 1:
        raise UnaccountedNeuronsError(f"experts in {sorted(found)}, not in one stack of {sizes}")
    parts: dict[str, Part] = {}
    for (stack, layer), names in found.items():
        if stack in of_experts:
            parts |= _layer_parts(shapes, layer, names, sizes)
    return parts


def _layer_parts(
    shapes: Mapping[str, Sequence[int]], layer: int, names: Mapping[str, str], sizes: Sizes
) -> dict[str, Part]:
    """The parts of a layer, whose tensors have a name in the layer and one in the checkpoint."""
    routed = {name for rest, name in names.items() if rest.startswith("experts.")}
    if not routed:
        return _dense_parts(shapes, layer, names, sizes, 0)
    of_all = sizes.experts * sizes.width
    part = Part(layer, 0, 2, number=of_all)
    known: dict[tuple[int, ...], Part] = {
        (sizes.experts, 2 * sizes.width, sizes.hidden): part,
        (sizes.experts, sizes.hidden, sizes.width): part._replace(dim=1, times=1),
    }
    if sizes.alternate:  # with biases; that of the down projection is no neuron's
        part = part._replace(transposed=True)
        known = {
            (sizes.experts, sizes.hidden, 2 * sizes.width): part._replace(alternate=True),
            (sizes.experts, 2 * sizes.width): part._replace(alternate=True),
            (sizes.experts, sizes.width, sizes.hidden): part._replace(dim=1, times=1),
        }
        routed = {name for name in routed if not name.endswith("down_proj_bias")}
    have = {name: tuple(shapes[name]) for name in routed}
    if sorted(have.values()) != sorted(known):
        raise UnaccountedNeuronsError(
            f"layer {layer} has experts of {have}, not {sorted(known)} of {sizes}"
        )
    parts = {name: known[have[name]] for name in routed}
    matches = ((_SHARED.fullmatch(rest), name) for rest, name in names.items())
    shared = {match["rest"]: name for match, name in matches if match}
    if shared:
        parts |= _dense_parts(shapes, layer, shared, sizes, of_all)
    return parts


def _dense_parts(
    shapes: Mapping[str, Sequence[int]],
    layer: int,
    names: Mapping[str, str],
    sizes: Sizes,
    first: int,
) -> dict[str, Part]:
    """The parts of an FFN of two-dimensional weights whose neurons begin at a number."""
    outward = [name for rest, name in names.items() if _OUTWARD.fullmatch(rest)]
    have = {name: tuple(shapes[name]) for name in names.values()}
    if len(outward) == 1 and have[outward[0]][0] == sizes.hidden:
        neurons = have[outward[0]][1]
        known = {(times * neurons, sizes.hidden): times for times in (1, 2)}
        inward = {n: known[s] for n, s in have.items() if n not in outward and s in known}
        if sum(inward.values()) == 2 and len(inward) + 1 == len(have):
            parts = {n: Part(layer, 0, t, False, first, neurons) for n, t in inward.items()}
            return {**parts, outward[0]: Part(layer, 1, 1, False, first, neurons)}
    raise UnaccountedNeuronsError(
        f"layer {layer} has an FFN of {have}, not two numbers inward and one outward a neuron"
    )


def laid_out(values: torch.Tensor, part: Part) -> torch.Tensor:
    """A tensor as that of one FFN with the neurons of all experts, expert by expert.

    Args:
        values: of a dense layer, which stays as it is but for a weight [in, out]; or
            [experts, 2 * w, hidden] or [experts, hidden, w], or, of parts that alternate, their
            transposes and a bias [experts, 2 * w].

    Returns:
        Of experts [2 * experts * w, hidden], all gates before all ups, or [hidden, experts * w]; of
        biases [2 * experts * w].
    """
    if part.alternate:  # numbers last: [experts, ..., 2 * w]
        by_kind = values.unflatten(-1, (-1, part.times)).movedim(-1, 0)  # [2, experts, ..., w]
        if values.dim() == 2:
            return by_kind.flatten()
        return by_kind.transpose(2, 3).flatten(0, 2)
    if values.dim() == 3 and part.transposed:  # down projections [experts, w, hidden]
        return values.flatten(0, 1).T
    if values.dim() < 3:
        return values.T if part.transposed and values.dim() == 2 else values
    if part.dim == 0:
        return values.unflatten(1, (part.times, -1)).transpose(0, 1).flatten(0, 2)
    return values.transpose(0, 1).flatten(1)
