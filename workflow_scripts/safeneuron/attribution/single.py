"""The one neuron that a refusal hangs on (2605.08513): by gradients, then by trying.

The recipe is that of the published `find_refusal_neuron_candidates.py` of ml-refusal-neurons: a
neuron's score is the gradient of a refusal's log-odds by it, added up of unsafe and safe prompts,
times the gap between its mean on unsafe and on safe prompts, at that token after the instruction
where the product is largest. Neurons that are larger on safe prompts and those of the last layers
are left out. The candidates with the highest scores are tried on other prompts.

Departures: the log-odds are of the first token and not of chosen phrases, so that no list of words
is asked; all tokens that end every prompt count as those after the instruction; candidates
are told by the log-odds that they leave and not by judged answers, at a bound on what they do to
safe prompts; and constants are in units of each neuron's gap, see `interventions.pin_gap`.
"""

import logging
from functools import partial
from itertools import takewhile
from typing import Any, NamedTuple

import numpy as np
import torch
from transformers import PreTrainedModel

from safeneuron.attribution.gradients import check_one_width, refusal_gradients
from safeneuron.attribution.settings import SingleSearch
from safeneuron.errors import SafeNeuronError
from safeneuron.interventions.pin_gap import PinGap
from safeneuron.interventions.single_cells import on_neuron
from safeneuron.models.first_tokens import Halves, Ids, RefusalOdds, order_of_choice
from safeneuron.models.sites import ffn_sites
from safeneuron.neurons.selection import highest
from safeneuron.progress import Progress

log = logging.getLogger(__name__)


class NoCandidateError(SafeNeuronError):
    """No neuron lifts a refusal by what it is on unsafe prompts."""


class Gaps(NamedTuple):
    """What is known of each neuron, float64 [layers, neurons] all.

    Attributes:
        score: gradient times gap, at the token after the instruction where it is largest.
        unsafe, safe: mean activation there on unsafe and on safe prompts.
    """

    score: np.ndarray
    unsafe: np.ndarray
    safe: np.ndarray

    @property
    def means(self) -> np.ndarray:
        """Both, [2, layers, neurons]."""
        return np.stack([self.unsafe, self.safe])


class Found(NamedTuple):
    """What a search found.

    Attributes:
        gaps: of all neurons.
        rows: of `neurons.candidates.CANDIDATES`, but for the state and the attack.
        clean_log_odds: of a refusal's first token, of the model as it is.
    """

    gaps: Gaps
    rows: list[dict[str, Any]]
    clean_log_odds: float


def single_neuron(
    model: PreTrainedModel,
    unsafe: Halves,
    safe: Halves,
    search: SingleSearch,
    batch_size: int,
    pad_id: int,
) -> Found:
    """Scores of all neurons, and what each candidate does, zeroed and at every strength.

    Raises:
        NoCandidateError: there is none.
        UnsupportedArchitectureError: see `gradients.check_one_width`.
    """
    check_one_width(model)
    odds = RefusalOdds(model, unsafe.choose, safe.choose, batch_size, pad_id)
    gaps = gradient_gaps(model, unsafe.estimate, safe.estimate, odds.refusal, batch_size)
    tried = candidates(gaps, search)
    pin = PinGap(strengths=search.strengths)
    rows: list[dict[str, Any]] = []
    with Progress(log, "candidates", len(tried)) as progress:
        for place in tried:
            for intervention in on_neuron(place, gaps.means, pin):
                with intervention.applied(model):
                    log_odds, kl = odds.scores()
                layer, neuron = place
                row: dict[str, Any] = {"layer": layer, "neuron": neuron}
                row |= {"score": float(gaps.score[place])}
                row |= {"operator": intervention.operator.kind, "strength": intervention.strength}
                row |= {"log_odds": log_odds, "kl": kl, "within": kl <= search.max_kl}
                rows.append(row | {"chosen": False})
            progress.advance(1)
    best = min(rows, key=order_of_choice)
    best["chosen"] = True
    log.info(
        "layer %(layer)d, neuron %(neuron)d, by %(operator)s at %(strength)s: log-odds of a "
        "refusal %(log_odds).2f, KL on safe prompts %(kl).3g",
        best,
    )
    return Found(gaps, rows, odds.clean_log_odds)


def candidates(gaps: Gaps, search: SingleSearch) -> list[tuple[int, int]]:
    """Layer and number of the neurons that are tried, the highest score first.

    Raises:
        NoCandidateError: there is none.
    """
    layers = len(gaps.score)
    allowed = np.abs(gaps.unsafe) >= np.abs(gaps.safe)
    allowed[layers - int(layers * search.skip_last) :] = False
    scores = np.where(allowed, gaps.score, 0)
    mask = highest(scores, search.candidates)
    if not mask.any():
        raise NoCandidateError(
            "no neuron of the searched layers lifts a refusal by what it is on unsafe prompts; "
            "take the attack off this model, or lower 'skip_last'"
        )
    places = [(int(layer), int(neuron)) for layer, neuron in np.argwhere(mask)]
    return sorted(places, key=lambda place: (-scores[place], place))


def gradient_gaps(
    model: PreTrainedModel, unsafe: Ids, safe: Ids, refusal: torch.Tensor, batch_size: int
) -> Gaps:
    """Gradient of a refusal's log-odds times activation gap (2605.08513, Eq. 3 and 4).

    Args:
        refusal: boolean [words], the tokens that a refusal begins with.

    Raises:
        UnsupportedArchitectureError: see `gradients.check_one_width`.
    """
    tail = common_end([*unsafe, *safe])
    sites = ffn_sites(model)
    shape = (2, len(sites), tail, sites[0].neurons)
    activations, gradients = (torch.zeros(shape, dtype=torch.float64) for _ in range(2))
    for side, prompts in enumerate((unsafe, safe)):

        def add(layer: int, activation: torch.Tensor, gradient: torch.Tensor, on: int) -> None:
            for sums, of in ((activations, activation), (gradients, gradient)):
                sums[on, layer] += of[:, -tail:].double().sum(dim=0).cpu()

        refusal_gradients(model, prompts, refusal, batch_size, partial(add, on=side))
        activations[side] /= len(prompts)
        gradients[side] /= len(prompts)
    means = activations.numpy()
    scores = gradients.sum(dim=0).numpy() * (means[0] - means[1])
    best = scores.argmax(axis=1)[:, None]
    picked = [np.take_along_axis(of, best, axis=1)[:, 0] for of in (scores, *means)]
    return Gaps(*picked)


def common_end(prompts: Ids) -> int:
    """How many tokens end all prompts alike, which a chat template adds; at least one."""
    shortest = min(map(len, prompts))
    alike = (len({ids[-place] for ids in prompts}) == 1 for place in range(1, shortest + 1))
    return max(1, sum(1 for _ in takewhile(bool, alike)))
