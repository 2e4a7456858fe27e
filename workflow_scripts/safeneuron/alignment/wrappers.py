"""What trainers hang on a model, which outlives them."""

from transformers import PreTrainedModel


def take_off_wrappers(model: PreTrainedModel) -> None:
    """Give a model its class's forward pass back, which TRL and mixed precision lay over.

    Recomputed activations hang a hook on the embeddings each time that they are turned on; it goes
    too.
    """
    for name in ("forward", "_original_forward"):
        vars(model).pop(name, None)
    model.get_input_embeddings()._forward_hooks.clear()
