"""The loss and the optimizer of a round written out in plain torch, pair by pair, unpadded."""

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext

import torch
from torch.nn.functional import logsigmoid
from transformers import PreTrainedModel

from safeneuron.alignment.settings import Training
from safeneuron.models.chat import encode_prompt
from unit.alignment.rounds import TOKENIZER


def answer_distribution(
    model: PreTrainedModel, prompt: str, answer: str
) -> tuple[torch.Tensor, torch.Tensor]:
    """Log-probabilities over the vocabulary at each token of an answer, and those tokens."""
    start = len(encode_prompt(TOKENIZER, prompt))
    turns = [{"role": "user", "content": prompt}, {"role": "assistant", "content": answer}]
    tokens = torch.tensor([TOKENIZER.apply_chat_template(turns)["input_ids"]])
    return model(tokens).logits[0, start - 1 : -1].log_softmax(-1), tokens[0, start:]


def answer_log_probabilities(model: PreTrainedModel, prompt: str, answer: str) -> torch.Tensor:
    """Log-probability of each token of an answer."""
    logs, tokens = answer_distribution(model, prompt, answer)
    return logs.gather(1, tokens[:, None])[:, 0]


def round_loss(
    policy: PreTrainedModel,
    reference: PreTrainedModel,
    pairs: Sequence[Mapping[str, str]],
    settings: Training,
    attacked: Callable[[], AbstractContextManager] = nullcontext,
) -> torch.Tensor:
    """Loss of a batch: DPO's, the likelihood and the KL term; the policy runs in `attacked()`."""
    dpo, likelihood, divergence = [], [], []
    for pair in pairs:
        chosen, rejected = ((pair["prompt"], pair[side]) for side in ("chosen", "rejected"))
        with attacked():
            logs, tokens = answer_distribution(policy, *chosen)
            policy_rejected = answer_log_probabilities(policy, *rejected).sum()
        with torch.no_grad():
            reference_logs, _ = answer_distribution(reference, *chosen)
            reference_chosen = answer_log_probabilities(reference, *chosen).sum()
            reference_rejected = answer_log_probabilities(reference, *rejected).sum()
        log_likelihoods = logs.gather(1, tokens[:, None])[:, 0]
        margin = log_likelihoods.sum() - reference_chosen - policy_rejected + reference_rejected
        dpo.append(-logsigmoid(settings.beta * margin))
        likelihood.append(-log_likelihoods)
        if pair["role"] == "general":
            divergence.append((logs.exp() * (logs - reference_logs)).sum(-1))
    loss = torch.stack(dpo).mean() + settings.sft_weight * torch.cat(likelihood).mean()
    if divergence:
        loss = loss + settings.kl_weight * torch.cat(divergence).mean()
    return loss


def learning_rate(settings: Training, step: int) -> float:
    """Linear warm-up, then cosine to 0."""
    if step < settings.warmup_steps:
        return settings.learning_rate * step / settings.warmup_steps
    done = (step - settings.warmup_steps) / (settings.steps - settings.warmup_steps)
    return settings.learning_rate * (1 + math.cos(math.pi * done)) / 2


def optimizer(model: PreTrainedModel, weight_decay: float) -> torch.optim.AdamW:
    """AdamW that spares norms and biases from weight decay."""
    trainable = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    spared = [p for name, p in trainable if "norm" in name or name.endswith("bias")]
    decayed = [p for name, p in trainable if not ("norm" in name or name.endswith("bias"))]
    return torch.optim.AdamW(
        [{"params": decayed, "weight_decay": weight_decay}, {"params": spared, "weight_decay": 0}]
    )
