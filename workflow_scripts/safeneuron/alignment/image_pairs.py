"""Preference pairs about images, as TRL's batches of text carry them.

TRL tokenizes a pair with one image token, as any text. Here the token is repeated for the patches
of the pair's image, and the pixels are put beside the batch: twice, since a batch holds the chosen
answers of all its pairs and then the rejected ones. A batch without images is TRL's, bit for bit.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from safeneuron.models.vision import Vision

COLUMN = "shown"
"""The data set's column of images; TRL takes columns of names it knows for another kind of set."""


def prompt_content(pair: Mapping[str, Any], images: bool) -> str | list[dict[str, str]]:
    """What a user's turn holds: the prompt's text, or its parts where any pair has an image.

    Args:
        images: whether any pair of the set has one; turns of one set have one form.
    """
    text = {"type": "text", "text": pair["prompt"]}
    if not images:
        return pair["prompt"]
    return [text] if pair["image"] is None else [{"type": "image", "text": ""}, text]


def expanded(example: Mapping[str, Any], vision: Vision | None) -> dict[str, Any]:
    """A tokenized pair with the tokens of its image, if it has one.

    Raises:
        ValueError: it has one, and the model sees none.
    """
    image = example.get(COLUMN)
    if image is None:
        return dict(example)
    if vision is None:
        raise ValueError(f"pair '{example['pair_id']}' has an image, and the model sees none")
    return {**example, "prompt_ids": vision.expand(example["prompt_ids"], image)}


def shown(
    examples: Sequence[Mapping[str, Any]], vision: Vision | None, input_ids: torch.Tensor
) -> dict[str, torch.Tensor]:
    """The pixels of a batch's images, for its chosen and its rejected half; nothing without images.

    Args:
        input_ids: int64 [2 * pairs, tokens].
    """
    images = [example[COLUMN] for example in examples if example.get(COLUMN) is not None]
    return vision.inputs(images * 2, input_ids) if vision is not None else {}


def rows_of(inputs: Mapping[str, torch.Tensor], rows: torch.Tensor) -> dict[str, torch.Tensor]:
    """Some rows of a batch's tensors, with the pixels of their own images alone.

    Args:
        inputs: of TRL's batch, [rows, ...], and of `Vision.inputs`.
        rows: boolean [rows].
    """
    if "pixel_values" not in inputs:
        return {name: value[rows] for name, value in inputs.items()}
    of_images = ("pixel_values", "image_grid_thw")
    chosen = {name: value[rows] for name, value in inputs.items() if name not in of_images}
    has_image = inputs["mm_token_type_ids"].any(dim=1)
    kept = rows[has_image]  # an entry an image
    if not kept.any():
        del chosen["mm_token_type_ids"]
        return chosen
    grid = inputs["image_grid_thw"]
    patches = inputs["pixel_values"].split(grid.prod(dim=1).tolist())
    pixels = torch.cat([p for p, keep in zip(patches, kept.tolist(), strict=True) if keep])
    return {**chosen, "pixel_values": pixels, "image_grid_thw": grid[kept]}
