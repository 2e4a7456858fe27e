"""The parts of arms: which neurons, which simulated attacks, what trains, what loss.

The configuration is validated where there is no torch, so this imports none; the model brings it.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from safeneuron.neurons.random_sets import nested_random

if TYPE_CHECKING:
    from transformers import PreTrainedModel

Target = Callable[[np.ndarray, np.ndarray, np.random.Generator], np.ndarray]
"""From the identified neurons, and all that there are, to those that an arm acts on; boolean
[layers, neurons] all."""

Trainable = Callable[["PreTrainedModel", bool], None]
"""Sets `requires_grad` of a model's weights; takes whether token embeddings may train."""

LossTerm = Literal["preference", "likelihood", "divergence"]
"""DPO's loss; the chosen answer's likelihood, weighted by `sft_weight`; KL(policy || reference)
over the chosen answers of general pairs, weighted by `kl_weight`."""


Simulation = Literal["neurons", "direction", "prefill"]
"""An attack that a training makes on its own model: a kind of `attack.attacks`."""


Attacked = Literal["all", "safety"]
"""The pairs of a step that its simulated attack acts on: all, or those that are to be refused."""


class Forced(NamedTuple):
    """What is forced of a rejected answer: a number of tokens, and where they begin.

    Attributes:
        tokens: 0 for none.
        place: in [0, 1) of all places at which so many can begin, 0 for the first tokens.
    """

    tokens: int
    place: float


class Asked(NamedTuple):
    """What refusal directions are found with while a model trains.

    Attributes:
        unsafe, safe: prompts, token ids with the chat template.
        phases: the largest number that are removed at once.
        refresh: number of steps after which they are found anew.
        batch_size: prompts of a forward pass.
    """

    unsafe: Sequence[Sequence[int]]
    safe: Sequence[Sequence[int]]
    phases: int
    refresh: int
    batch_size: int


def no_neurons(identified: np.ndarray, present: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """None."""
    return np.zeros_like(identified)


def identified_neurons(
    identified: np.ndarray, present: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """The identified ones."""
    return identified


def all_others(identified: np.ndarray, present: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """All but the identified ones."""
    return present & ~identified


def random_neurons(
    identified: np.ndarray, present: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """As many random ones in each layer, some of them identified ones by chance.

    With as many identified ones or more in a later round, they hold those of the rounds before.
    """
    return nested_random(identified, rng, present)


def language_model(model: "PreTrainedModel", embeddings: bool) -> None:
    """The decoder and its head.

    Token embeddings, and a head that is tied to them, train by the setting. The vision tower of a
    multimodal model stays as it is, also where pairs have images.
    """
    model.requires_grad_(False)
    model.get_decoder().requires_grad_(True)
    model.get_output_embeddings().requires_grad_(True)
    if not embeddings:
        model.get_input_embeddings().requires_grad_(False)


def ffn_weights(model: "PreTrainedModel", embeddings: bool) -> None:
    """The weights of the decoder's FFNs, without biases."""
    from safeneuron.models.sites import ffn_sites

    model.requires_grad_(False)
    for site in ffn_sites(model):
        for weight in site.trainable:
            weight.requires_grad_(True)
