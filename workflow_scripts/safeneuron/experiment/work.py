"""How much each stage's jobs compute and hold in memory, from the configuration."""

import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from safeneuron.config.schema.attacks.direction import DirectionAttack
from safeneuron.config.schema.attacks.fine_tuning import FineTuning
from safeneuron.config.schema.attacks.interpolate import InterpolateAttack
from safeneuron.config.schema.attacks.iterative import IterativeAttack
from safeneuron.config.schema.attacks.single import SingleAttack
from safeneuron.config.schema.attacks.taylor import TaylorAttack
from safeneuron.config.schema.experiment import Config
from safeneuron.config.schema.identification import Side
from safeneuron.experiment import (
    attack_cells,
    identification,
    prompt_sets,
    requests,
    stages,
    tuning,
)
from safeneuron.experiment.attack_cells import Extent
from safeneuron.experiment.catalog import Catalog, categories_of
from safeneuron.experiment.prompt_sets import Rows
from safeneuron.experiment.requests import Work
from safeneuron.experiment.size import ModelSize, folder_size, gguf_size, llama_size, typical_size
from safeneuron.experiment.states import State
from safeneuron.experiment.training import micro_batch, runs_reference, training_of
from safeneuron.organism.vocabulary import CATEGORIES

BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}

# for estimates only
ORGANISM_TOKENS = 24  # of a prompt with its answer
ORGANISM_VOCABULARY = 600
VALIDATION_BATCH = 256  # organism/behaviour.py
IMAGE_TOKENS = 1300  # of one megapixel in Qwen2.5-VL; a typographic image has 729
UNKNOWN_PROMPTS = 5000  # of a category on the hub
UNKNOWN_PAIRS = 30_000  # of a mix of all safety pairs
JUDGE_PROMPT = 300  # tokens of a judge's own instructions
JUDGE_ANSWER = 16  # and of its answer
QUESTION_TOKENS = 100  # of a question with an answer, also as an example
ANSWER_TOKENS = 256  # of a generated answer
# a form's questions, and the sequences that they come to: a question for each of its choices
QUESTIONS = {
    "arc": (2_376, 10_000),
    "truthfulqa_mc1": (817, 4_100),
    "truthfulqa_mc2": (817, 6_000),
    "gsm8k": (1_319, 1_319),
    "mmlu": (14_042, 14_042),
}


class JobWork:
    """The work of the jobs of one experiment, stage by stage."""

    def __init__(self, config: Config, catalog: Catalog) -> None:
        """`catalog` has the number of prompts of each data set, split and category."""
        self._config, self._catalog = config, catalog
        self.size_of = cache(self._size_of)

    def capture(self, model: str, prompt_set: str) -> Work:
        """One pass over a prompt set."""
        prompts = self._prompts(prompt_sets.rows_of(self._config, prompt_set))
        batch = min(self._config.compute.batch_size, prompts)
        tokens = self._tokens(model)
        return requests.forward(self.size_of(model), self._width(model), batch, tokens, prompts)

    def capture_nulls(self, model: str, dataset: str) -> Work:
        """One pass over a data set's categories and the safe side, with the moments of groups."""
        sides, compute = self._config.identification, self._config.compute
        unsafe = Rows([dataset], sides.unsafe.split, sides.unsafe.categories)
        safe = prompt_sets.rows_of(self._config, prompt_sets.SAFE)
        prompts = self._prompts(unsafe) + self._prompts(safe)
        groups = 2 * len(categories_of(sides.unsafe, dataset, self._catalog)) + 1
        poolings = len(identification.null_poolings(self._config))
        return requests.grouped_forward(
            self.size_of(model),
            self._width(model),
            min(compute.batch_size, prompts),
            self._tokens(model),
            prompts,
            sides.nulls.draws * groups * poolings,
        )

    def probe(self, model: str) -> Work:
        """One pass over all prompts, and a fit per layer."""
        sides = (prompt_sets.OVERALL, prompt_sets.SAFE)
        prompts = sum(self._prompts(prompt_sets.rows_of(self._config, side)) for side in sides)
        batch = self._config.compute.batch_size
        tokens = self._tokens(model)
        return requests.probe(self.size_of(model), self._width(model), batch, tokens, prompts)

    def refusal_directions(self, model: str, attack: str) -> Work:
        """Means over the prompts in each phase, and their first tokens without each direction."""
        search = self._config.attack_of(attack, DirectionAttack)
        sides = (prompt_sets.OVERALL, prompt_sets.SAFE)
        prompts = sum(
            min(search.prompts, self._prompts(prompt_sets.rows_of(self._config, side)))
            for side in sides
        )
        batch = min(self._config.compute.batch_size, prompts)
        shape = (self.size_of(model), self._width(model), batch, self._tokens(model))
        return requests.direction_search(*shape, prompts // 2, search.phases)

    def taylor_neurons(self, model: str, attack: str) -> Work:
        """First tokens on both sides, and a backward pass over the unsafe prompts."""
        most = self._config.attack_of(attack, TaylorAttack).prompts
        unsafe, safe = (
            min(most, self._prompts(prompt_sets.rows_of(self._config, side)))
            for side in (prompt_sets.OVERALL, prompt_sets.SAFE)
        )
        batch = min(self._config.compute.batch_size, max(unsafe, safe))
        shape = (self.size_of(model), self._width(model), batch, self._tokens(model))
        return requests.attribution(*shape, unsafe, safe)

    def single_neuron(self, model: str, attack: str) -> Work:
        """Backward passes over half of the prompts, and the other half's first tokens each time."""
        search = self._config.attack_of(attack, SingleAttack)
        unsafe, safe = (
            min(search.prompts, self._prompts(prompt_sets.rows_of(self._config, side)))
            for side in (prompt_sets.OVERALL, prompt_sets.SAFE)
        )
        batch = min(self._config.compute.batch_size, max(unsafe, safe))
        shape = (self.size_of(model), self._width(model), batch, self._tokens(model))
        tried = search.candidates * (1 + len(search.strengths))
        half = (unsafe + safe) // 2
        return requests.attribution(*shape, half, half, again=tried * half)

    def iterative_neurons(self, model: str, attack: str) -> Work:
        """A pass over all prompts each time but the first."""
        sides = (prompt_sets.OVERALL, prompt_sets.SAFE)
        prompts = sum(self._prompts(prompt_sets.rows_of(self._config, side)) for side in sides)
        batch = min(self._config.compute.batch_size, prompts)
        shape = (self.size_of(model), self._width(model), batch, self._tokens(model))
        again = self._config.attack_of(attack, IterativeAttack).times - 1
        return requests.forward(*shape, again * prompts)

    def attack(self, model: str, attack: str, benchmark: str) -> Work:
        """Responses to a benchmark in every cell of an attack, and what the attack does before."""
        answering = self._responding(model, attack, benchmark)
        of = self._config.attack.attacks.get(attack)
        size, width = self.size_of(model), self._width(model)
        if isinstance(of, InterpolateAttack):
            return requests.weight_change(answering, size, width, self._cells(attack, of))
        if isinstance(of, FineTuning):
            training = requests.supervised_training(
                size,
                min(of.batch_size, self._pairs(model)),
                self._pair_tokens(model),
                (1 + of.random_controls) * max(of.steps),
                0,
            )
            return requests.tuned_by_attack(answering, training, size, width)
        return answering

    def _responding(self, model: str, attack: str, benchmark: str) -> Work:
        return requests.generation(
            self.size_of(model),
            self._width(model),
            self._config.compute.batch_size,
            self._tokens(model) + self._image_tokens(model),
            self._config.attack.max_new_tokens,
            self._responses(attack, benchmark),
        )

    def model_judge(self, judge: str, attack: str, benchmark: str) -> Work:
        """A judge's answers about an attack's responses to a benchmark."""
        judging = self.judge_model(judge)
        compute = self._config.compute
        return requests.generation(
            self.size_of(judging),
            self._width(judging),
            compute.batch_size,
            JUDGE_PROMPT + compute.prompt_tokens + self._config.attack.max_new_tokens,
            JUDGE_ANSWER,
            self._responses(attack, benchmark),
        )

    def judge_model(self, judge: str) -> str:
        """The model that a job runs as a judge."""
        return stages.model_judges(self._config)[judge].model

    def capability(self, model: str, attack: str, task: str) -> Work:
        """All questions of a task in every cell of an attack, or clean."""
        capability = self._config.capability
        asked = capability.tasks[task]
        cells = self._cells(attack, capability.attacks.get(attack))
        tokens = QUESTION_TOKENS * (1 + max(asked.n_shot, 6))
        questions, sequences = QUESTIONS[asked.form]
        if asked.limit is not None:
            sequences = math.ceil(sequences * min(1, asked.limit / questions))
        sequences *= cells
        shape = (self.size_of(model), self._width(model), capability.batch_size, tokens)
        if asked.form == "gsm8k":
            return requests.generation(*shape, ANSWER_TOKENS, sequences)
        return requests.scoring(*shape, sequences)

    def reference_log_probs(self, model: str) -> Work:
        """One pass over the answers of all pairs, with weights in float32."""
        batch = 2 * micro_batch(self._config)
        shape = (self.size_of(model), 4, batch, self._pair_tokens(model))
        return requests.answer_likelihoods(*shape, 2 * self._pairs(model))

    def align(self, state: State) -> Work:
        """One round of DPO."""
        model, training = state.model, training_of(self._config, state)
        return requests.preference_training(
            self.size_of(model),
            BYTES[training.precision],
            BYTES[training.saved_dtype] if training.saved_dtype else self._width(model),
            micro_batch(self._config),
            self._pair_tokens(model),
            training.optimizer_steps(self._pairs(model)),
            training.batch_pairs,
            training.gradient_checkpointing,
            reference=runs_reference(self._config, state),
            rank=training.lora.rank if training.lora else None,
            parallel=training.parallel,
            processes=[training.gpus]
            if training.gpus
            else requests.divisors(training.accumulation),
        )

    def attacked_checkpoint(self, model: str) -> Work:
        """A checkpoint that is read and written again."""
        held = self.size_of(model).parameters * self._width(model)
        return Work(held, held, 0, written=held, on_cpu=True)

    def convert_gguf(self, model: str) -> Work:
        """A GGUF file's conversion to a checkpoint folder."""
        return requests.conversion(self.size_of(model), self._width(model))

    def pretrain_organism(self, model: str) -> Work:
        """Pre-training of an organism."""
        pretrain = self._config.organism.pretrain
        return requests.supervised_training(
            self.size_of(model), pretrain.batch_size, ORGANISM_TOKENS, pretrain.steps, 0
        )

    def tune_organism(self, model: str) -> Work:
        """Safety tuning of an organism, with the answers that its checks look at."""
        tuning = self._config.organism.safety_tuning
        checks = tuning.max_steps // tuning.check_every
        return requests.supervised_training(
            self.size_of(model),
            tuning.batch_size,
            ORGANISM_TOKENS,
            tuning.max_steps,
            checks * self._validation_prompts(),
        )

    def base_answers(self, model: str) -> Work:
        """A base's own answers to harmless prompts."""
        tuned = tuning.tuned_models(self._config)[model].safety_tuning
        return self._answers(model, [tuned.harmless], tuned.answer_tokens)

    def safety_tune(self, model: str) -> Work:
        """Safety tuning of a model that is no organism."""
        tuned = tuning.tuned_models(self._config)[model].safety_tuning
        steps = tuned.training
        return requests.supervised_training(
            self.size_of(model),
            steps.batch_size // steps.accumulation,
            self._tokens(model) + tuned.answer_tokens,
            steps.steps * steps.accumulation,
            0,
        )

    def validate(self, model: str) -> Work:
        """Responses of a tuned model to its gate's prompts."""
        gate = tuning.tuned_models(self._config)[model].gate
        return self._answers(model, [gate.harmful, gate.harmless], tuning.GATE_TOKENS)

    def _answers(self, model: str, sides: Sequence[Side], tokens: int) -> Work:
        prompts = sum(self._prompts(Rows(s.datasets, s.split, s.categories)) for s in sides)
        batch = min(prompts, self._config.compute.batch_size)
        shape = (self.size_of(model), self._width(model), batch, self._tokens(model))
        return requests.generation(*shape, tokens, prompts)

    def validate_organism(self, model: str) -> Work:
        """Responses of an organism to all validation prompts."""
        prompts = self._validation_prompts()
        shape = (self.size_of(model), self._width(model), min(prompts, VALIDATION_BATCH))
        return requests.generation(*shape, ORGANISM_TOKENS, ORGANISM_TOKENS, prompts)

    def _validation_prompts(self) -> int:
        split = self._config.organism.language.validation
        categories = len(CATEGORIES) * split.per_category
        return categories + split.benign + split.lookalike + split.task

    def _size_of(self, model: str) -> ModelSize:
        entry = self._config.origin_of(model)
        if entry.kind == "organism":
            shape = (entry.layers, entry.hidden, entry.intermediate)
            return llama_size(*shape, ORGANISM_VOCABULARY, tied=True)
        if entry.kind == "hub":
            return typical_size(entry.parameters)
        if entry.kind == "gguf":
            return gguf_size(Path(entry.path))
        return folder_size(Path(entry.path))

    def _width(self, model: str) -> int:
        """Bytes of one of a model's weights as stages load it."""
        entry = self._config.origin_of(model)
        return 4 if entry.kind == "organism" else BYTES[entry.dtype]

    def _tokens(self, model: str) -> int:
        """Tokens of a long prompt."""
        is_organism = self._config.models[model].kind == "organism"
        return ORGANISM_TOKENS if is_organism else self._config.compute.prompt_tokens

    def _image_tokens(self, model: str) -> int:
        """Tokens of the images that a model is shown, if it is shown any."""
        return IMAGE_TOKENS if self._config.needs_images(model) else 0

    def _prompts(self, rows: Rows) -> int:
        return prompt_sets.count(self._catalog, rows, UNKNOWN_PROMPTS)

    def _responses(self, attack: str, benchmark: str) -> int:
        """How many responses an attack has to a benchmark."""
        asked = self._config.benchmarks[benchmark]
        splits = [asked.split, *([asked.choose_on] if asked.choose_on else [])]
        prompts = sum(
            self._prompts(Rows([asked.dataset], split, asked.categories)) for split in splits
        )
        return prompts * self._cells(attack, self._config.attack.attacks.get(attack))

    def _cells(self, attack: str, extent: Extent | None) -> int:
        """How many variants of the model an attack has; the clean model is one."""
        if extent is None:
            return 1
        return attack_cells.cell_count(self._config, attack, extent)

    def _pairs(self, model: str) -> int:
        """How many pairs the mix has that a model is aligned on."""
        return self._config.align.mix_of(model).pairs or UNKNOWN_PAIRS

    def _pair_tokens(self, model: str) -> int:
        """Tokens of a long prompt with its answer, and of its image."""
        return 2 * self._tokens(model) + self._image_tokens(model)
