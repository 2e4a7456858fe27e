"""The refusal direction of a model, and those that come after it is removed (Arditi et al. 2024).

A candidate is a place of the residual stream: what a layer is given, or what the last one gives.
Its direction is the difference of the means at the last token of the chat-templated prompt, where
the answer starts, between unsafe and safe prompts. Candidates are tried on other prompts: the one
is chosen whose removal lowers the log-odds of a refusal the most, at a bound on what it does to
safe prompts (their §2.3; `max_kl` is their filter on harmless ones).

Departures: one position; no candidate is left out for its depth, and the end of the stream is one;
no list of words says what a refusal is, but the model does (`models.first_tokens`). Where the
log-odds say little, the bound decides.
"""

import logging
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from transformers import PreTrainedModel

from safeneuron.artifacts.tables import FLAG, INDEX, REAL, STATE, TEXT, schema
from safeneuron.directions.projection import projected_out
from safeneuron.directions.settings import DirectionSearch
from safeneuron.models.batches import batches
from safeneuron.models.first_tokens import Halves, Ids, RefusalOdds, order_of_choice
from safeneuron.models.sites import decoder_layers
from safeneuron.models.writes import stream_seen
from safeneuron.progress import Progress

log = logging.getLogger(__name__)

NO_DIFFERENCE = 1e-6
"""Length of a difference of means, of that of the mean, below which it is rounding: all prompts end
in the same token of the template, so that the first layer is given the same of them all."""

DIRECTION_SCORES = schema(
    **STATE,
    attack=TEXT,
    phase=INDEX,  # from 1
    layer=INDEX,  # whose input the direction is estimated at; one more: what the last one gives
    norm=REAL,  # of the difference of means, less the directions of the phases before
    log_odds=REAL,  # of a refusal's first token, mean over unsafe prompts
    kl=REAL,  # of the clean model's first token from the attacked one's, mean over safe prompts
    within=FLAG,  # of the bound on kl
    chosen=FLAG,
)


class Found(NamedTuple):
    """What a search found.

    Attributes:
        directions: float64 [phases, hidden], orthonormal; fewer where nothing tells the sides apart
            any more.
        layers: whose input each was estimated at.
        rows: of `DIRECTION_SCORES`, but for the state and the attack.
        clean_log_odds: of a refusal's first token, of the model as it is.
    """

    directions: np.ndarray
    layers: list[int]
    rows: list[dict[str, Any]]
    clean_log_odds: float


def refusal_directions(
    model: PreTrainedModel,
    unsafe: Halves,
    safe: Halves,
    search: DirectionSearch,
    batch_size: int,
    pad_id: int,
) -> Found:
    """Directions phase by phase, each estimated and chosen while those before it are removed.

    Raises:
        ValueError: directions cannot be removed from the model, see `projected_out`.
    """
    judge = RefusalOdds(model, unsafe.choose, safe.choose, batch_size, pad_id)
    reading = search.operator == "write_read"
    found = np.zeros((0, model.get_input_embeddings().embedding_dim))
    layers: list[int] = []
    rows: list[dict[str, Any]] = []
    with Progress(log, "layers", search.phases * (len(decoder_layers(model)) + 1)) as progress:
        for phase in range(1, search.phases + 1):
            with projected_out(model, found, reading):
                means = [
                    mean_residuals(model, side.estimate, batch_size, pad_id)
                    for side in (unsafe, safe)
                ]
            tried: list[tuple[dict[str, Any], np.ndarray]] = []
            for layer, (of_unsafe, of_safe) in enumerate(zip(*means, strict=True)):
                progress.advance(1)
                rest = orthogonal_to(found, of_unsafe - of_safe)
                norm = float(np.linalg.norm(rest))
                if norm <= NO_DIFFERENCE * np.linalg.norm(of_safe):
                    continue
                direction = rest / norm
                with projected_out(model, np.vstack([found, direction]), reading):
                    log_odds, kl = judge.scores()
                row = {"phase": phase, "layer": layer, "norm": norm, "log_odds": log_odds}
                row |= {"kl": kl, "within": kl <= search.max_kl, "chosen": False}
                tried.append((row, direction))
            if not tried:
                log.info("phase %d: nothing tells unsafe prompts from safe ones any more", phase)
                break
            chosen, direction = min(tried, key=lambda one: order_of_choice(one[0]))
            chosen["chosen"] = True
            found = np.vstack([found, direction])
            layers.append(chosen["layer"])
            rows += [row for row, _ in tried]
            log.info(
                "phase %(phase)d: layer %(layer)d, log-odds of a refusal %(log_odds).2f, "
                "KL on safe prompts %(kl).3g",
                chosen,
            )
    return Found(found, layers, rows, judge.clean_log_odds)


def orthogonal_to(directions: np.ndarray, vector: np.ndarray) -> np.ndarray:
    """A vector less its part along some directions (Gram–Schmidt, twice for rounding).

    Args:
        directions: [directions, hidden], orthonormal.
        vector: [hidden].
    """
    for _ in range(2):
        vector = vector - directions.T @ (directions @ vector)
    return vector


def orthonormal_differences(
    model: PreTrainedModel,
    unsafe: Ids,
    safe: Ids,
    places: Sequence[Sequence[int]],
    batch_size: int,
    pad_id: int,
) -> np.ndarray:
    """Differences of means of given places, each found while those before it are removed.

    Args:
        places: of each phase, the places in the order in which they are tried: the first is taken
            at which the sides differ.

    Returns:
        float64 [phases, hidden], orthonormal; fewer where nothing tells the sides apart any more.
    """
    found = np.zeros((0, model.get_input_embeddings().embedding_dim))
    for order in places:
        with projected_out(model, found):
            of_unsafe, of_safe = (
                mean_residuals(model, side, batch_size, pad_id) for side in (unsafe, safe)
            )
        for place in order:
            rest = orthogonal_to(found, of_unsafe[place] - of_safe[place])
            norm = np.linalg.norm(rest)
            if norm > NO_DIFFERENCE * np.linalg.norm(of_safe[place]):
                found = np.vstack([found, rest / norm])
                break
    return found


@torch.no_grad()
def mean_residuals(
    model: PreTrainedModel, prompts: Ids, batch_size: int, pad_id: int
) -> np.ndarray:
    """Mean of the residual stream at the last token, float64 [layers + 1, hidden].

    Of what each layer is given, and of what the last one gives (`stream_seen`).
    """
    places = len(decoder_layers(model)) + 1
    sums = np.zeros((places, model.get_input_embeddings().embedding_dim))

    def see(layer: int, stream: torch.Tensor) -> None:
        sums[layer] += stream[:, -1].cpu().double().sum(dim=0).numpy()

    for batch in batches(prompts, batch_size, pad_id):
        with stream_seen(model, see):
            model.get_decoder()(
                input_ids=batch.input_ids.to(model.device),
                attention_mask=batch.attention_mask.to(model.device),
                use_cache=False,
            )
    return sums / len(prompts)
