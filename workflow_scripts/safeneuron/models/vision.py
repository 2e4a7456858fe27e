"""How a vision model is shown images: a prompt's image token, once for each patch, and the pixels.

Models whose image processor gives a grid of patches an image (`image_grid_thw`): Qwen's vision
models. Their processor class needs torchvision for videos, which are not shown here; their image
processor alone, with its Pillow backend, does not.
"""

from collections.abc import Iterable, Sequence
from io import BytesIO
from pathlib import Path

import torch
from PIL import Image
from transformers import AutoImageProcessor, PreTrainedConfig, PreTrainedTokenizerBase
from transformers.image_processing_utils import BaseImageProcessor

from safeneuron.artifacts.manifests import read_manifest
from safeneuron.data.images import open_image
from safeneuron.errors import SafeNeuronError
from safeneuron.models.chat import ChatTemplateError, encode_turns
from safeneuron.models.folder import check_image_processor

_GRID = "image_grid_thw"
_IMAGE = 1  # the token type of an image


class UnsupportedVisionError(SafeNeuronError):
    """The model's images are not shown as a grid of patches each."""


class Vision:
    """A model's image processor, and the token that stands for a patch."""

    def __init__(self, processor: BaseImageProcessor, config: PreTrainedConfig) -> None:
        """Take a loaded image processor and the configuration of its model.

        Raises:
            UnsupportedVisionError: the processor gives no grid of patches.
        """
        if _GRID not in processor.model_input_names:
            raise UnsupportedVisionError(
                f"{type(processor).__name__} gives {', '.join(processor.model_input_names)}; only "
                f"models that take {_GRID} (Qwen's vision models) are shown images"
            )
        self._processor = processor
        self._image_token = config.image_token_id

    def encode_prompt(
        self, tokenizer: PreTrainedTokenizerBase, prompt: str, image: bytes
    ) -> list[int]:
        """Token ids of one user turn, the image before its text, with the generation prompt.

        Raises:
            ChatTemplateError: the template does not show the image, or shows it twice.
        """
        content = [{"type": "image"}, {"type": "text", "text": prompt}]
        turns = [{"role": "user", "content": content}]
        return self.expand(encode_turns(tokenizer, turns, add_generation_prompt=True), image)

    def expand(self, ids: Sequence[int], image: bytes) -> list[int]:
        """The ids with the one image token in them repeated for each (merged) patch of the image.

        Raises:
            ChatTemplateError: there is not exactly one.
        """
        ids = list(ids)
        if ids.count(self._image_token) != 1:
            raise ChatTemplateError(
                f"the chat template shows an image as {ids.count(self._image_token)} image tokens "
                "and not as one; it needs the template of the model's authors"
            )
        place = ids.index(self._image_token)
        count = self._patches(image)
        return [*ids[:place], *[self._image_token] * count, *ids[place + 1 :]]

    def inputs(self, images: Sequence[bytes], input_ids: torch.Tensor) -> dict[str, torch.Tensor]:
        """What the model takes beside a batch's token ids; nothing if the batch has no image.

        Args:
            images: in the order of the batch's rows.
            input_ids: int64 [rows, tokens].

        Returns:
            `pixel_values` [patches of all images, values], `image_grid_thw` [images, 3], and
            `mm_token_type_ids` [rows, tokens].
        """
        if not images:
            return {}
        shown = self._processor([open_image(image) for image in images], return_tensors="pt")
        types = (input_ids == self._image_token).long() * _IMAGE
        return {**shown, "mm_token_type_ids": types}

    def _patches(self, image: bytes) -> int:
        with Image.open(BytesIO(image)) as opened:
            width, height = opened.size
        patches = self._processor.get_number_of_image_patches(height, width)
        return patches // self._processor.merge_size**2


def load_vision(manifest: Path, config: PreTrainedConfig) -> Vision:
    """The image processor of a manifest's checkpoint.

    Args:
        config: of the loaded model.

    Raises:
        NoVisionError: the model has no vision tower.
        IncompleteCheckpointError: it has no image processor.
        UnsupportedVisionError: its images are not shown as a grid of patches each.
    """
    folder = Path(read_manifest(manifest)["folder"])
    check_image_processor(folder)
    processor = AutoImageProcessor.from_pretrained(
        folder, backend="pil", local_files_only=True, trust_remote_code=False
    )
    return Vision(processor, config)


def vision_for(
    images: Iterable[bytes | None], manifest: Path, config: PreTrainedConfig
) -> Vision | None:
    """`load_vision` if any of the images is one; None where all is text."""
    if all(image is None for image in images):
        return None
    return load_vision(manifest, config)
