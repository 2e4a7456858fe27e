"""The attacks that a training makes on its own model, step by step."""

import torch
from transformers import PreTrainedModel

from safeneuron.alignment.arm import Plan
from safeneuron.alignment.simulated_direction import SimulatedDirection
from safeneuron.interventions.zeroing import Zeroing
from safeneuron.models.mixture_layers import is_mixture
from safeneuron.models.site import UnsupportedArchitectureError
from safeneuron.models.sites import ffn_sites


class Simulation:
    """A plan's attacks on the policy, in the steps that are drawn and in no other."""

    def __init__(self, model: PreTrainedModel, plan: Plan, pad_id: int, seed: int) -> None:
        """Put them on the model, inactive.

        Raises:
            UnsupportedArchitectureError: neurons of a mixture of experts would be zeroed for some
                prompts of a batch alone; or directions cannot be removed from the model.
        """
        of_some = plan.attacked == "safety" and plan.zeroed.any()
        if of_some and is_mixture(ffn_sites(model)):
            raise UnsupportedArchitectureError(
                f"{type(model).__name__}: an arm that zeroes neurons for safety pairs alone does "
                "not train mixtures of experts, whose neurons know no prompts; take freeze_ablate, "
                "ablate or direction_ablate"
            )
        self._plan, self._pad_id, self._seed = plan, pad_id, seed
        self._zeroing = Zeroing(model, plan.zeroed)
        try:
            self._direction = (
                SimulatedDirection(model, plan.asked, pad_id, seed) if plan.asked else None
            )
        except UnsupportedArchitectureError:
            self._zeroing.remove()
            raise

    @property
    def beside(self) -> dict[str, torch.Tensor]:
        """What later steps go on from beside the weights, by name."""
        return {"directions": self._direction.directions} if self._direction else {}

    def begin_step(self, step: int) -> None:
        """Switch; directions are found with all switched off."""
        self._zeroing.active = False
        if self._direction:
            removing = self._plan.removes_directions(self._seed, step)
            self._direction.begin_step(step, removing)
        self._zeroing.active = self._plan.zeroes(self._seed, step)

    def begin_batch(self, safety: torch.Tensor) -> None:
        """Take the rows of a batch that are attacked, its chosen answers and its rejected ones.

        Args:
            safety: boolean [pairs].
        """
        if self._plan.attacked == "safety":
            rows = torch.cat([safety, safety])
            self._zeroing.rows = rows
            if self._direction:
                self._direction.removal.rows = rows

    def remove(self) -> None:
        """Take them off the model."""
        self._zeroing.remove()
        if self._direction:
            self._direction.remove()
