"""The operators that a configuration may name: a new one is a file of this room and a member."""

from typing import Annotated

from pydantic import Field

from safeneuron.interventions.pin import Pin
from safeneuron.interventions.weights import Weights
from safeneuron.interventions.zero_ablate import ZeroAblate

AnyOperator = Annotated[ZeroAblate | Weights | Pin, Field(discriminator="kind")]
