"""Greedy decoding of a batch that finished sequences leave."""

from typing import Any

import torch
from transformers import (
    GenerationConfig,
    LogitsProcessorList,
    PreTrainedModel,
    StoppingCriteriaList,
)

_BY_TOKEN = {"attention_mask", "position_ids", "mm_token_type_ids"}  # [..., rows, tokens]


def likeliest_tokens(
    model: PreTrainedModel,
    input_ids: torch.Tensor,
    logits_processor: LogitsProcessorList,
    stopping_criteria: StoppingCriteriaList,
    generation_config: GenerationConfig,
    **inputs: Any,
) -> list[list[int]]:
    """The likeliest tokens after each row, with the one that ends it.

    For `generate` as its `custom_generate`, which prepares all that is given. Its own loop computes
    a row that has ended until the last one has; here the row leaves.

    Args:
        input_ids: int64 [rows, tokens], padded on the left.
        inputs: the model's others, with a cache.
    """
    width = input_ids.shape[1]
    answers: list[list[int]] = [[] for _ in input_ids]
    live = list(range(len(answers)))
    step: dict[str, Any] = {"is_first_iteration": True}
    while live:
        given = model.prepare_inputs_for_generation(input_ids, **step, **inputs)
        output = model(**given, return_dict=True)
        inputs = model._update_model_kwargs_for_generation(output, inputs)
        step = {"next_sequence_length": 1}
        logits = output.logits[:, -1].to(input_ids.device, torch.float32)
        tokens = logits_processor(input_ids, logits).argmax(dim=-1, keepdim=True)
        input_ids = torch.cat([input_ids, tokens], dim=1)
        ended = stopping_criteria(input_ids, None).tolist()
        if not any(ended):
            continue
        for row, ids, end in zip(live, input_ids.tolist(), ended, strict=True):
            if end:
                answers[row] = ids[width:]
        live = [row for row, end in zip(live, ended, strict=True) if not end]
        stay = torch.tensor(ended).logical_not()  # on the CPU: a cache may lie on several devices
        input_ids = input_ids[stay]
        # `batch_select_indices` forgets the states of hybrids' recurrent layers
        inputs["past_key_values"].reorder_cache(stay.nonzero().flatten())
        for name in _BY_TOKEN & inputs.keys():
            if inputs[name] is not None:
                inputs[name] = inputs[name][..., stay, :]
    return answers
