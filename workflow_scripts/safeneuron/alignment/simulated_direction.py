"""Refusal directions that are removed while a model trains, found anew as it moves."""

import numpy as np
import torch
from transformers import PreTrainedModel

from safeneuron.alignment.parts import Asked
from safeneuron.directions.projection import Removal
from safeneuron.directions.refusal import orthonormal_differences
from safeneuron.models.sites import decoder_layers

SEQUENCES = 3
"""Attacks that are prepared at a time, their first places apart; each step draws one of them."""


class SimulatedDirection:
    """Removes refusal directions from all that is written to the stream, by a switch.

    An attack is as many as its phases: each a place's difference of means between unsafe and safe
    prompts (Arditi et al. 2024, §2.3), of a place that is drawn, found while those before it are
    removed. So it is the attack of `refusal_directions` but for the choice of the place. What the
    first layer is given is none: it is the template's last token, of whatever prompt.

    Attributes:
        directions: the attacks in force, float32 [sequences, phases, hidden], orthonormal rows and
            then rows of 0. They are of an earlier step's weights, so that a checkpoint has to hold
            them.
    """

    def __init__(self, model: PreTrainedModel, asked: Asked, pad_id: int, seed: int) -> None:
        """Put it on the model, inactive.

        Raises:
            UnsupportedArchitectureError: directions cannot be removed from the model, see
                `Removal`.
        """
        self._model, self._asked, self._pad_id, self._seed = model, asked, pad_id, seed
        self.removal = Removal(model)
        width = model.get_input_embeddings().embedding_dim
        self.directions = torch.zeros(SEQUENCES, asked.phases, width)

    def begin_step(self, step: int, removing: bool) -> None:
        """Find directions anew where it is time, and remove those of one attack or none.

        Args:
            step: from 0; all draws follow from it and the seed alone.
        """
        self.removal.directions = None
        if step % self._asked.refresh == 0:
            self._refresh(np.random.default_rng([self._seed, step, 3]))
        if removing:
            drawn = np.random.default_rng([self._seed, step, 2]).integers(SEQUENCES)
            attack = self.directions[drawn]
            there = attack.any(dim=1)
            self.removal.directions = attack[there] if there.any() else None

    def remove(self) -> None:
        """Take it off the model."""
        self.removal.remove()

    def _refresh(self, rng: np.random.Generator) -> None:
        """From the policy as it is, without any simulated attack and without recomputation."""
        training = self._model.training
        self._model.eval()
        self.directions.zero_()
        after_layers = np.arange(len(decoder_layers(self._model))) + 1
        first = rng.permutation(after_layers)
        for number, attack in enumerate(self.directions):
            later = [rng.permutation(after_layers) for _ in range(rng.integers(self._asked.phases))]
            drawn = [order.tolist() for order in (np.roll(first, -number), *later)]
            found = orthonormal_differences(
                self._model, *self._asked[:2], drawn, self._asked.batch_size, self._pad_id
            )
            attack[: len(found)] = torch.from_numpy(found)
        self._model.train(training)
