"""Checkpoints that the workflow does not train, as the configuration and their stages name them."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from safeneuron.settings import Section

Dtype = Literal["float32", "bfloat16", "float16"]

SavedDtype = Annotated[
    Dtype | None,
    Field(
        description="Precision of the saved weights, which stages round to the model's own as they "
        "load them; null saves in the model's own. bfloat16 keeps a weight to one part in 256 and "
        "rounds most of a short training's small steps away; float32 keeps them."
    ),
]
"""What a training saves in: said in the sections of trainings."""


class Weights(Section):
    """How a checkpoint's weights are loaded."""

    dtype: Dtype = Field(
        "bfloat16",
        description="Precision of the loaded weights; trainings train float32 copies and save in "
        "this one, if their 'saved_dtype' says nothing else.",
    )


class Chat(Section):
    """What a model's chats begin with. Also the settings of `gguf_checkpoint`."""

    system_prompt: str | None = Field(
        None,
        description="System prompt of every chat with the model, in capture, attacks and training: "
        "null for what its chat template adds of itself, '' for none, or a text.",
    )


class LocalCheckpoint(Weights, Chat):
    """A checkpoint folder as `save_pretrained` writes it, with tokenizer and chat template.

    Also the settings of `local_checkpoint`.
    """

    path: str = Field(
        description="Folder with config.json, *.safetensors and the tokenizer's files, relative to "
        "the folder that snakemake runs in."
    )


class GgufCheckpoint(Weights, Chat):
    """A model in one GGUF file (llama.cpp's format), which is converted once."""

    path: str = Field(
        description="The *.gguf file, of a Llama, Mistral, SmolLM2, Qwen2 or Qwen3, with its chat "
        "template, relative to the folder that snakemake runs in. Quantized weights become the "
        "numbers that they stand for."
    )


class HubCheckpoint(Weights, Chat):
    """A checkpoint on the Hugging Face hub: downloaded once, into the hub's cache (HF_HOME)."""

    id: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*/[A-Za-z0-9][A-Za-z0-9_.-]*$",
        max_length=96,
        description="Name of the model on the hub, owner/name.",
    )
    revision: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")] | None = Field(
        description="Whole commit, 40 hex digits; null takes the newest commit when the model is "
        "first downloaded, and its checkpoint.json records which that was.",
    )


class HubCheckpointSettings(HubCheckpoint):
    """Settings of `hub_checkpoint`: the checkpoint, and what it must bring.

    Attributes:
        chat_template: it is asked through its chat template.
        images: it is shown images.
    """

    chat_template: bool
    images: bool
