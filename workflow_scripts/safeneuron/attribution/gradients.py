"""Gradients of a refusal's log-odds by every neuron's activation, one backward pass a batch."""

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import groupby

import torch
from transformers import PreTrainedModel

from safeneuron.models.first_tokens import Ids, log_odds
from safeneuron.models.mixture_layers import is_mixture
from safeneuron.models.sites import UnsupportedArchitectureError, ffn_sites
from safeneuron.progress import Progress

log = logging.getLogger(__name__)

Receiver = Callable[[int, torch.Tensor, torch.Tensor], None]
"""Takes layer, activations, and gradients of the log-odds, float32 [prompts, tokens, neurons]."""


def refusal_gradients(
    model: PreTrainedModel,
    prompts: Ids,
    refusal: torch.Tensor,
    batch_size: int,
    receive: Receiver,
) -> None:
    """Every neuron's activation on every token, and what a refusal's log-odds change by with it.

    The log-odds are those of the answer's first token (`models.first_tokens.log_odds`), of each
    prompt by itself. All layers' activations and gradients of one batch are held at once.

    A batch has prompts of one length: nothing is padded, for a token that attends to none has no
    number for a gradient in some attention (Gemma 2, in float64).

    Args:
        refusal: boolean [words], the tokens that a refusal begins with.
        receive: is given each layer of each batch.

    Raises:
        UnsupportedArchitectureError: see `check_one_width`.
    """
    sites = ffn_sites(model)
    check_one_width(model)
    refusal = refusal.to(model.device)
    with Progress(log, "prompts", len(prompts)) as progress, _weights_constant(model):
        for ids in _of_one_length(prompts, batch_size):
            seen: dict[int, torch.Tensor] = {}

            def keep(layer: int, found: dict[int, torch.Tensor], a: torch.Tensor) -> torch.Tensor:
                # the first layer's begin the graph, for the weights are no part of it
                found[layer] = a if a.requires_grad else a.detach().requires_grad_()
                return found[layer]

            with torch.enable_grad(), ExitStack() as contexts:
                for site in sites:
                    contexts.enter_context(site.intervene(partial(keep, site.layer, seen)))
                logits = model(
                    input_ids=ids.to(model.device),
                    attention_mask=torch.ones_like(ids, device=model.device),
                    use_cache=False,
                    logits_to_keep=1,
                ).logits[:, -1]
                odds = log_odds(logits.float().log_softmax(dim=-1), refusal).sum()
                layers = sorted(seen)
                gradients = torch.autograd.grad(odds, [seen[layer] for layer in layers])
            for layer, gradient in zip(layers, gradients, strict=True):
                receive(layer, seen[layer].detach().float(), gradient.float())
            progress.advance(len(ids))


def check_one_width(model: PreTrainedModel) -> None:
    """Raise unless every layer is dense and has as many neurons as the others.

    Raises:
        UnsupportedArchitectureError: it is a mixture of experts, or its layers differ in width.
    """
    sites = ffn_sites(model)
    name = type(model).__name__
    if is_mixture(sites):
        raise UnsupportedArchitectureError(
            f"{name} is a mixture of experts; neurons are attributed to in dense models alone"
        )
    if len(widths := sorted({site.neurons for site in sites})) > 1:
        raise UnsupportedArchitectureError(
            f"{name} has layers of {', '.join(map(str, widths))} neurons; neurons are attributed "
            "to in models alone whose layers are all as wide"
        )


def _of_one_length(prompts: Ids, batch_size: int) -> Iterator[torch.Tensor]:
    """Token ids [prompts, tokens], the longest first, so that memory peaks at once."""
    by_length = groupby(sorted(prompts, key=len, reverse=True), key=len)
    for _, group in by_length:
        alike = [*group]
        for start in range(0, len(alike), batch_size):
            yield torch.tensor(alike[start : start + batch_size])


@contextmanager
def _weights_constant(model: PreTrainedModel) -> Iterator[None]:
    """A context in which no graph leads to a weight, so that none is kept for one."""
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    try:
        for weight in trained:
            weight.requires_grad_(False)
        yield
    finally:
        for weight in trained:
            weight.requires_grad_()
