"""What a round of alignment starts from and how it trains, for the rules of `align.smk`."""

from collections.abc import Iterable

from safeneuron.alignment.arms.registry import ARMS
from safeneuron.alignment.parts import no_neurons
from safeneuron.alignment.settings import (
    AlignSettings,
    ArmSettings,
    ForcedWords,
    ReferenceSettings,
    SimulatedDirections,
    TrainingRun,
)
from safeneuron.config.schema.experiment import Config
from safeneuron.experiment.identification import rows_of_sides
from safeneuron.experiment.paths import Paths, fill
from safeneuron.experiment.prompt_sets import OVERALL
from safeneuron.experiment.states import State
from safeneuron.neurons.settings import StateSettings


def previous_checkpoint(paths: Paths, state: State) -> str:
    """The checkpoint that a round starts from."""
    return fill(paths.checkpoint, state.after(state.round - 1))


def protected_sets(config: Config, paths: Paths, state: State) -> list[str]:
    """The neuron sets that a round acts on: the last state's, and if they accumulate all before."""
    last = state.round - 1
    return [
        fill(paths.neuron_set, state.after(number), selection=selection, contrast=OVERALL)
        for number in range(0 if config.align.accumulate else last, last + 1)
        for selection in config.align.selections
    ]


def acting_states(config: Config, attacked: Iterable[State]) -> list[State]:
    """Those of some states whose arm did something to neurons: plain DPO did not."""
    arms = {name: ARMS[arm.method] for name, arm in config.align.arms.items()}
    acting = {name for name, arm in arms.items() if {arm.frozen, arm.zeroed} != {no_neurons}}
    return [state for state in attacked if state.arm in acting]


def training_of(config: Config, state: State) -> TrainingRun:
    """How one arm trains in one round: `align.training` with the arm's and the round's overrides.

    `steps` are scaled by the arm's share of the data.
    """
    arm = config.align.arms[state.arm]
    training = config.align.training
    for override in (arm.training, config.align.overrides.get(state.round)):
        if override:
            training = training.model_copy(update=override.model_dump(exclude_none=True))
    if training.steps is None:
        return training
    steps = max(1, round(training.steps * arm.data_fraction))
    return training.model_copy(update={"steps": steps})


def micro_batch(config: Config) -> int:
    """Pairs that one forward pass of a training holds."""
    training = config.align.training
    return training.batch_pairs // training.accumulation


def runs_reference(config: Config, state: State) -> bool:
    """Whether a round runs a reference model beside the policy.

    A term of its loss needs it, or words are forced that no table of the reference's knows.
    """
    arm = config.align.arms[state.arm]
    divergence = "divergence" in ARMS[arm.method].loss
    return arm.shares.get("prefill", 0) > 0 or (
        divergence and training_of(config, state).kl_weight > 0
    )


def reference_table(config: Config, paths: Paths, state: State) -> list[str]:
    """The table in place of a reference model; none where one is run."""
    if runs_reference(config, state):
        return []
    return [fill(paths.reference, state.after(state.round - 1))]


def direction_prompts(config: Config, paths: Paths, state: State, side: str) -> list[str]:
    """The prompt tables of one side of the identification; none where no direction is removed."""
    if "direction" not in ARMS[config.align.arms[state.arm].method].shares:
        return []
    return paths.prompts(getattr(config.identification, side).datasets)


def reference_settings(config: Config) -> ReferenceSettings:
    """How the reference model's log-probabilities are computed."""
    return ReferenceSettings(
        precision=config.align.training.precision,
        batch_pairs=micro_batch(config),
        cpu_threads=config.compute.cpu_threads,
    )


def align_settings(config: Config, state: State) -> AlignSettings:
    """One arm's settings in one round: what the trained weights depend on, and no more."""
    arm = config.align.arms[state.arm]
    return AlignSettings(
        state=StateSettings(**state._asdict()),
        method=arm.method,
        zeroing_probability=arm.shares.get("neurons", 0.0),
        direction=_directions(config, arm),
        prefill=_forced_words(arm),
        data_fraction=arm.data_fraction,
        training=training_of(config, state).numbers(),
        cpu_threads=config.compute.cpu_threads,
    )


def _directions(config: Config, arm: ArmSettings) -> SimulatedDirections | None:
    if "direction" not in arm.shares:
        return None
    return SimulatedDirections(
        probability=arm.shares["direction"],
        phases=arm.direction_phases,
        refresh=arm.direction_refresh,
        prompts=arm.direction_prompts,
        **rows_of_sides(config),
        batch_size=config.compute.batch_size,
    )


def _forced_words(arm: ArmSettings) -> ForcedWords | None:
    if "prefill" not in arm.shares:
        return None
    return ForcedWords(probability=arm.shares["prefill"], tokens=arm.prefill_tokens)
