"""Refusal directions that are removed while a model trains, found anew as it moves."""

import numpy as np
import torch
from transformers import PreTrainedModel

from safeneuron.alignment.parts import Asked, drawn_row
from safeneuron.directions.projection import Removal
from safeneuron.directions.refusal import candidate_directions
from safeneuron.models.sites import decoder_layers


class SimulatedDirection:
    """Removes one drawn place's refusal direction from all that is written to the stream.

    The directions are those of Arditi et al. (2024, §2.3) before any is chosen: of every place of
    the residual stream, the difference of means between unsafe and safe prompts.

    Attributes:
        directions: those in force, float32 [layers + 1, hidden], of length 1, or 0 where nothing
            tells the sides apart. They are of an earlier step's weights, so that a checkpoint has
            to hold them.
    """

    def __init__(self, model: PreTrainedModel, asked: Asked, pad_id: int, seed: int) -> None:
        """Put it on the model, inactive.

        Raises:
            UnsupportedArchitectureError: directions cannot be removed from the model, see
                `Removal`.
        """
        self._model, self._asked, self._pad_id, self._seed = model, asked, pad_id, seed
        self._removal = Removal(model)
        places = len(decoder_layers(model)) + 1
        self.directions = torch.zeros(places, model.get_input_embeddings().embedding_dim)

    def begin_step(self, step: int, removing: bool) -> None:
        """Find the directions anew where it is time, and remove one in this step or none.

        Args:
            step: from 0; the draw of the place follows from it and the seed alone.
        """
        self._removal.direction = None
        if step % self._asked.refresh == 0:
            self._refresh()
        if removing:
            there = np.flatnonzero(self.directions.any(dim=1).numpy())
            if len(there):
                self._removal.direction = self.directions[drawn_row(there, self._seed, step)]

    def remove(self) -> None:
        """Take it off the model."""
        self._removal.remove()

    def _refresh(self) -> None:
        """From the policy as it is, without any simulated attack and without recomputation."""
        training = self._model.training
        self._model.eval()
        unsafe, safe = self._asked.unsafe, self._asked.safe
        found = candidate_directions(
            self._model, unsafe, safe, self._asked.batch_size, self._pad_id
        )
        self.directions.copy_(torch.from_numpy(found))
        self._model.train(training)
