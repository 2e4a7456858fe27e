"""Pre-training the organism to a helpful base."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from safeneuron.data.draws import endless_batches
from safeneuron.models.supervised import example, train
from safeneuron.organism.language import Sentence
from safeneuron.organism.oracle import helpful_answer
from safeneuron.organism.settings import Pretrain


def pretrain(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[Sentence],
    settings: Pretrain,
    seed: int,
) -> None:
    """Train all weights to answer every prompt helpfully, harmful ones too, in place.

    AdamW, warm-up then cosine decay, loss on answers only.
    """
    examples = [example(tokenizer, p.text, helpful_answer(p.text)) for p in prompts]
    rng = np.random.default_rng(seed)
    optimizer = torch.optim.AdamW(
        model.parameters(),
        lr=settings.learning_rate,
        betas=(0.9, 0.98),
        weight_decay=settings.weight_decay,
    )

    def rate(step: int) -> float:
        warm = min(1.0, (step + 1) / settings.warmup_steps)
        return warm * 0.5 * (1 + math.cos(math.pi * step / settings.steps))

    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, rate)
    draws = endless_batches([np.arange(len(examples))], [settings.batch_size], rng)
    train(model, tokenizer, examples, draws, optimizer, schedule, settings.steps)
