"""Where the layers of a decoder read the residual stream and where they write to it.

Found by what a forward pass does and by no architecture's names: a part of a layer that multiplies
by matrices (attention, MLP, a recurrent mixer) writes what it gives, or, where a norm or a dropout
takes exactly that, what the norm gives (Gemma 2 and 3, OLMo 2).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

import torch
from torch import nn
from transformers import PreTrainedModel

from safeneuron.models.sites import (
    UnsupportedArchitectureError,
    decoder_layers,
    observed,
    residual_sites,
)

PROBE_TOKENS = 8
"""Tokens of the pass by which parts are found: any, for just the way of the tensors counts."""

Change = Callable[[torch.Tensor], torch.Tensor]


class Part(NamedTuple):
    """A part of a layer between a read from the residual stream and a write to it.

    Attributes:
        layer: index of the decoder layer.
        reader: the module whose input is what is read, after the layer's norm.
        writer: the module whose output is added to the stream: the reader, or a norm after it.
    """

    layer: int
    reader: nn.Module
    writer: nn.Module


class _Call(NamedTuple):
    """One call of a layer's child: the tensors that it was given, and the one that it gave."""

    module: nn.Module
    given: Sequence[torch.Tensor]
    gave: torch.Tensor


def parts(model: PreTrainedModel) -> list[Part]:
    """The parts of all layers, in the order in which they run.

    Raises:
        UnsupportedArchitectureError: the decoder has no layers, or a layer has no part with
            matrices; the message shows its children.
    """
    return [
        part
        for number, (layer, calls) in enumerate(_traced(model))
        for part in _parts_of(model, number, layer, calls)
    ]


@contextmanager
def rewritten(model: PreTrainedModel, change: Change, reading: bool) -> Iterator[None]:
    """A context in which every write to the residual stream is what `change` makes of it.

    The embedding is a write: it is what the first layer is given.

    Args:
        change: from [prompts, tokens, hidden] to the same.
        reading: also change what every part reads, which comes after its layer's norm. What a layer
            itself is given needs no change: it is the sum of the writes before it.

    Raises:
        UnsupportedArchitectureError: see `parts`; or layers are given several streams at once.
    """
    found = parts(model)

    def embedded(stream: torch.Tensor) -> torch.Tensor:
        _check_one_stream(model, stream)
        return change(stream)

    with ExitStack() as contexts:
        contexts.enter_context(residual_sites(model)[0].intervene(embedded))
        for writer in dict.fromkeys(part.writer for part in found):
            contexts.callback(writer.register_forward_hook(_of_output(change)).remove)
        for reader in dict.fromkeys(part.reader for part in found) if reading else ():
            hook = reader.register_forward_pre_hook(_of_input(change), with_kwargs=True)
            contexts.callback(hook.remove)
        yield


@contextmanager
def stream_seen(model: PreTrainedModel, see: Callable[[int, torch.Tensor], Any]) -> Iterator[None]:
    """A context in which `see` gets the residual stream, place by place, [prompts, tokens, hidden].

    Place l is what layer l is given; the last place, one more than there are layers, is what the
    last layer gives, before the decoder's final norm.
    """
    layers = decoder_layers(model)

    def see_one(place: int, stream: torch.Tensor) -> None:
        _check_one_stream(model, stream)
        see(place, stream)

    with observed(residual_sites(model), see_one):
        hook = layers[-1].register_forward_hook(
            lambda module, args, output: see_one(len(layers), _first(output))
        )
        try:
            yield
        finally:
            hook.remove()


def _check_one_stream(model: PreTrainedModel, stream: torch.Tensor) -> None:
    """Raise unless what a layer is given is one stream, [prompts, tokens, hidden]."""
    if stream.ndim != 3:
        raise UnsupportedArchitectureError(
            f"{type(model).__name__}: its layers are given {len(stream)} streams at once; "
            "directions are sought and removed in models of one"
        )


@torch.no_grad()
def probe(model: PreTrainedModel) -> None:
    """A short forward pass of the decoder, for hooks that look at the way of its tensors."""
    vocabulary = model.get_input_embeddings().num_embeddings
    ids = torch.arange(PROBE_TOKENS, device=model.device).remainder(vocabulary)[None]
    model.get_decoder()(input_ids=ids, attention_mask=torch.ones_like(ids), use_cache=False)


def _traced(model: PreTrainedModel) -> list[tuple[nn.Module, list[_Call]]]:
    """Each layer with the calls of its children in a forward pass."""
    traced: list[tuple[nn.Module, list[_Call]]] = [(layer, []) for layer in decoder_layers(model)]
    with ExitStack() as contexts:
        for layer, calls in traced:
            for child in layer.children():
                hook = child.register_forward_hook(_recording(calls), with_kwargs=True)
                contexts.callback(hook.remove)
        probe(model)
    return traced


def _recording(calls: list[_Call]) -> Callable[..., None]:
    def record(
        module: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any], output: Any
    ) -> None:
        given = [each for each in (*args, *kwargs.values()) if isinstance(each, torch.Tensor)]
        calls.append(_Call(module, given, _first(output)))

    return record


def _parts_of(
    model: PreTrainedModel, number: int, layer: nn.Module, calls: Sequence[_Call]
) -> list[Part]:
    found = []
    for place, call in enumerate(calls):
        if any(parameter.ndim > 1 for parameter in call.module.parameters()):
            writer = call
            for later in calls[place + 1 :]:
                if any(_same(writer.gave, given) for given in later.given):
                    writer = later
            found.append(Part(number, call.module, writer.module))
    if not found:
        raise UnsupportedArchitectureError(
            f"{type(model).__name__}: layer {number} has no part with matrices that writes to the "
            f"residual stream; it has {[name for name, _ in layer.named_children()]}"
        )
    return found


def _same(one: torch.Tensor, other: torch.Tensor) -> bool:
    return one.data_ptr() == other.data_ptr() and one.shape == other.shape


def _first(output: Any) -> torch.Tensor:
    tensor: torch.Tensor = output if isinstance(output, torch.Tensor) else output[0]
    return tensor


def _of_output(change: Change) -> Callable[..., Any]:
    def hook(module: nn.Module, args: tuple[Any, ...], output: Any) -> Any:
        if isinstance(output, torch.Tensor):
            return change(output)
        return (change(output[0]), *output[1:])

    return hook


def _of_input(change: Change) -> Callable[..., Any]:
    def hook(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if args:
            return (change(args[0]), *args[1:]), kwargs
        return args, {**kwargs, "hidden_states": change(kwargs["hidden_states"])}

    return hook
