"""The score `taylor`: what a refusal loses without a neuron, to first order."""

import torch
from transformers import PreTrainedModel

from safeneuron.attribution.gradients import refusal_gradients
from safeneuron.models.first_tokens import Ids
from safeneuron.models.sites import ffn_sites


def taylor_scores(
    model: PreTrainedModel, prompts: Ids, refusal: torch.Tensor, batch_size: int
) -> torch.Tensor:
    """Activation times gradient of a refusal's log-odds, summed over tokens, mean over prompts.

    With R the log-odds that the answer's first token is a refusal's and a(t) a neuron's activation
    on token t of the prompt, the score is the mean over prompts of sum_t a(t) dR/da(t): how much R
    falls where the neuron is zero on all tokens, to first order. This is the Taylor criterion of
    Molchanov et al. (2017, arXiv 1611.06440, Eq. 7 and 8) with R for the loss, summed and not
    averaged over places and with its sign kept, since just a neuron that lifts R is sought; or
    attribution patching (Syed, Rager & Conmy 2023, arXiv 2310.10348, Eq. 3) with zero as the patch.

    It does not change under rescalings and sign flips that leave the model's function unchanged.

    Args:
        prompts: unsafe ones, as token ids.
        refusal: boolean [words], the tokens that a refusal begins with.

    Returns:
        float64 [layers, neurons] on the CPU.

    Raises:
        UnsupportedArchitectureError: see `check_one_width`.
    """
    sites = ffn_sites(model)
    sums = torch.zeros(len(sites), sites[0].neurons, dtype=torch.float64)

    def add(layer: int, activations: torch.Tensor, gradients: torch.Tensor) -> None:
        of_prompts = (activations * gradients).sum(dim=1)
        sums[layer] += of_prompts.double().sum(dim=0).cpu()

    refusal_gradients(model, prompts, refusal, batch_size, add)
    return sums / len(prompts)
