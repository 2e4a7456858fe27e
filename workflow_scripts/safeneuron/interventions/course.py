"""A training that goes on from one number of steps to the next, and leaves the model as it was."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from safeneuron.data.draws import endless_batches
from safeneuron.interventions.fine_tune import TuningCourse
from safeneuron.interventions.weight_change import Change, Elsewhere, Toward
from safeneuron.models.chat import encode_exchange, encode_prompt
from safeneuron.models.supervised import train


class Exchange(NamedTuple):
    """A prompt and the answer that is learned."""

    prompt: str
    answer: str


class Tuned(ABC):
    """Weights after some steps of training, or a control of them."""

    @abstractmethod
    def after(self, model: PreTrainedModel, steps: int) -> Change:
        """The change to the weights after so many steps; the model is as before."""

    @abstractmethod
    def control(self, seed: int) -> "Tuned":
        """A control in kind."""

    @abstractmethod
    def forget(self) -> None:
        """Free what is kept to train on; asked again, a training begins anew."""


class Course(Tuned):
    """One training of a model on exchanges, by the loss on the answers.

    Weights, gradients and the optimizer's moments are float32 whatever the model's dtype. After n
    steps they are the same however the steps were divided.
    """

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerBase,
        exchanges: Sequence[Exchange],
        how: TuningCourse,
        seed: int,
        benign: Sequence[Exchange] | None = None,
    ) -> None:
        """Nothing is trained yet.

        Args:
            seed: of the order of the exchanges.
            benign: what a control is trained on; None for a control that is a random direction.
        """
        self._tokenizer, self._how, self._benign = tokenizer, how, benign
        self._seed = seed
        self._examples = [_example(tokenizer, one) for one in exchanges]
        self.forget()

    def forget(self) -> None:
        """Begin anew when asked again."""
        self._done = 0
        self._weights: dict[str, torch.Tensor] = {}
        self._optimizer: torch.optim.Optimizer | None = None

    def control(self, seed: int) -> Tuned:
        """A training on the benign exchanges in an order of its own, or a random direction."""
        if self._benign is None:
            return _AsFar(self, seed)
        return Course(self._tokenizer, self._benign, self._how, seed)

    def after(self, model: PreTrainedModel, steps: int) -> Change:
        """The weights after so many steps.

        Raises:
            FloatingPointError: the loss is not finite; names the step.
        """
        if self._optimizer is None or steps < self._done:
            self._begin(model)
        if steps > self._done:
            self._train(model, steps - self._done)
        return lambda name, weight: self._weights[name]

    def _begin(self, model: PreTrainedModel) -> None:
        self.forget()
        self._weights = {
            name: weight.detach().float().clone() for name, weight in model.named_parameters()
        }
        self._optimizer = torch.optim.AdamW(
            model.parameters(), lr=self._how.learning_rate, weight_decay=0.0
        )
        self._constant = torch.optim.lr_scheduler.LambdaLR(self._optimizer, lambda step: 1.0)
        everything = np.arange(len(self._examples))
        rng = np.random.default_rng(self._seed)
        self._draws = endless_batches([everything], [self._how.batch_size], rng)

    def _train(self, model: PreTrainedModel, steps: int) -> None:
        """Train on with the model's own parameters, which then hold again what they held."""
        assert self._optimizer is not None
        before = {name: weight.data for name, weight in model.named_parameters()}
        try:
            for name, weight in model.named_parameters():
                weight.data = self._weights[name]
            train(
                model,
                self._tokenizer,
                self._examples,
                self._draws,
                self._optimizer,
                self._constant,
                steps,
            )
            self._done += steps
        except BaseException:
            self.forget()
            raise
        finally:
            for name, weight in model.named_parameters():
                weight.grad = None
                weight.data = before[name]
            model.eval()


class _AsFar(Tuned):
    """As far from the model as a training goes, in a random direction."""

    def __init__(self, course: Course, seed: int) -> None:
        self._course, self._seed = course, seed

    def forget(self) -> None:
        pass  # the training itself is measured after it, and forgets

    def after(self, model: PreTrainedModel, steps: int) -> Change:
        return Elsewhere(_Given(self._course.after(model, steps)), self._seed).share(1.0)

    def control(self, seed: int) -> Tuned:
        return _AsFar(self._course, seed)


class _Given(Toward):
    """A way whose end is given."""

    def __init__(self, end: Change) -> None:
        self._end = end

    def share(self, a: float) -> Change:
        """The end, for a = 1."""
        return self._end


def _example(tokenizer: PreTrainedTokenizerBase, one: Exchange) -> tuple[list[int], int]:
    """Token ids of an exchange as the chat template writes it, and the length of its prompt."""
    prompt = encode_prompt(tokenizer, one.prompt)
    ids = encode_exchange(tokenizer, one.prompt, one.answer)
    if ids[: len(prompt)] != prompt:
        raise ValueError("the chat template writes a prompt otherwise where an answer follows it")
    return ids, len(prompt)
