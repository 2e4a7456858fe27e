r"""Tokens a second of ways to answer greedily, as a ratio to plain `generate` in the same run.

    PYTHONPATH=workflow_scripts python benchmarks/generation.py [CHECKPOINT.json]

Prompts and answers are of mixed lengths; without a checkpoint the model is a random organism, and
every 40th token ends an answer. The ways take turns, so that a drift of the machine's speed falls
on all of them; seconds are those of one thread, whatever else the machine does. `same` are answers
that are those of the prompts one by one, `seen` the tokens that a hook on the last layer's
`down_proj` saw.
"""

import argparse
import statistics
import time
from collections.abc import Iterable
from pathlib import Path

import torch
from transformers import ContinuousBatchingConfig, GenerationConfig

from safeneuron.models.batches import Batch, batches, pad
from safeneuron.models.chat import encode_prompts
from safeneuron.models.checkpoint import load_checkpoint
from safeneuron.models.decoding import likeliest_tokens
from safeneuron.models.sites import ffn_sites
from safeneuron.organism.architecture import build_model
from safeneuron.organism.settings import OrganismModel
from safeneuron.organism.tokenizer import build_tokenizer

Answers = list[list[int]]
PAGE = 32  # tokens
QUESTIONS = (
    "What is the capital of {}? Answer with one word.",
    "Tell me about the history of {}.",
    "Is {} in Europe? Say yes or no.",
    "Which dishes do people in {} like, and why?",
)
PLACES = ("France", "Japan", "Brazil", "Egypt")
STORY = (
    "I have been travelling for a long time, by train and by ship and at last on foot, and I wrote "
    "down what I saw on the way: markets and harbours, old bridges, mountains under snow, and "
    "children who played in the streets until it was dark. Now I sit at home, it rains, and there "
    "is one question left that I would like to ask you before I put my notes away."
)


def one_by_one(model, prompts, settings, batch_size) -> Answers:
    """Every prompt alone: what the other ways must give."""
    return generated(model, batches(prompts, 1, settings.pad_token_id), settings)


def plain(model, prompts, settings, batch_size) -> Answers:
    """Batches in the order given."""
    places = [range(len(prompts))[i : i + batch_size] for i in range(0, len(prompts), batch_size)]
    in_order = (
        pad([prompts[i] for i in index], list(index), settings.pad_token_id, "left")
        for index in places
    )
    return generated(model, in_order, settings)


def by_length(model, prompts, settings, batch_size) -> Answers:
    """Batches of like length, each until its last answer has ended."""
    return generated(model, batches(prompts, batch_size, settings.pad_token_id), settings)


def leaving(model, prompts, settings, batch_size) -> Answers:
    """The same, which answers that have ended leave, as in `safeneuron.models.generation`."""
    found = batches(prompts, batch_size, settings.pad_token_id)
    return generated(model, found, settings, likeliest_tokens)


def continuous(model, prompts, settings, batch_size) -> Answers:
    """`generate_batch`: the place of an answer that has ended is the next prompt's."""
    attention = model.config._attn_implementation
    longest = max(map(len, prompts)) + settings.max_new_tokens
    config = ContinuousBatchingConfig(
        page_size=PAGE,
        num_blocks=batch_size * -(-longest // PAGE),
        max_batch_tokens=batch_size * longest,
        max_requests_per_batch=batch_size,
        use_async_batching=False,
        use_cuda_graph=False,
    )
    done = model.generate_batch(
        prompts, generation_config=settings, continuous_batching_config=config
    )
    model.set_attn_implementation(attention)
    return [done[f"req_{i}"].generated_tokens for i in range(len(prompts))]


WAYS = {way.__name__: way for way in (plain, by_length, leaving, continuous)}


@torch.inference_mode()
def generated(model, found: Iterable[Batch], settings, loop=None) -> Answers:
    """Answers to batches, by the model's own loop or another."""
    answers = {}
    for batch in found:
        output = model.generate(
            input_ids=batch.input_ids,
            attention_mask=batch.attention_mask,
            generation_config=settings,
            custom_generate=loop,
        )
        new = output if loop else output[:, batch.input_ids.shape[1] :].tolist()
        answers.update(zip(batch.index, new, strict=True))
    return [answers[i] for i in range(len(answers))]


def until_end(row: list[int], ends: list[int]) -> tuple[int, ...]:
    """The tokens up to the first that ends an answer, with this one."""
    return tuple(row[: next((k + 1 for k, token in enumerate(row) if token in ends), len(row))])


def organism():
    """A random organism whose logits differ as after training, its prompts and ends."""
    tokenizer = build_tokenizer()
    model = build_model(OrganismModel(), tokenizer, 0).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 2:
                parameter.normal_(std=0.3)
    generator = torch.Generator().manual_seed(0)
    prompts = [
        torch.randint(10, len(tokenizer), (8 + 112 * i // 63,), generator=generator).tolist()
        for i in torch.randperm(64, generator=generator).tolist()
    ]
    return model, prompts, list(range(9, len(tokenizer), 40))


def checkpoint(manifest: Path):
    """A checkpoint's model, questions of several lengths, and the token that ends an answer."""
    model, tokenizer = load_checkpoint(manifest)
    texts = [
        " ".join([*STORY.split()[: 10 * ((5 * i + 3 * j) % 8)], question.format(place)])
        for i, place in enumerate(PLACES)
        for j, question in enumerate(QUESTIONS)
    ]
    return model, encode_prompts(tokenizer, texts), [tokenizer.eos_token_id]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("manifest", type=Path, nargs="?")
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--max-new-tokens", type=int, default=48)
    parser.add_argument("--turns", type=int, default=3)
    args = parser.parse_args()
    torch.set_num_threads(1)
    model, prompts, ends = checkpoint(args.manifest) if args.manifest else organism()
    settings = GenerationConfig(
        do_sample=False, max_new_tokens=args.max_new_tokens, eos_token_id=ends, pad_token_id=0
    )
    model.generation_config = settings
    expected = [until_end(a, ends) for a in one_by_one(model, prompts, settings, 1)]
    tokens = sum(map(len, expected))
    print(
        f"{len(prompts)} prompts of {min(map(len, prompts))} to {max(map(len, prompts))} tokens, "
        f"answers of {min(map(len, expected))} to {max(map(len, expected))}, {tokens} in all; "
        f"batches of {args.batch_size}"
    )
    times = {name: [] for name in WAYS}
    same, seen = {}, dict.fromkeys(WAYS, 0)
    for _ in range(args.turns):
        for name, way in WAYS.items():
            passed = []
            hook = ffn_sites(model)[-1].down.register_forward_hook(
                lambda _, inputs, output, passed=passed: passed.append(output[..., 0].numel())
            )
            start = time.process_time()
            answers = way(model, prompts, settings, args.batch_size)
            times[name].append(time.process_time() - start)
            hook.remove()
            answers = [until_end(a, ends) for a in answers]
            same[name] = sum(a == b for a, b in zip(answers, expected, strict=True))
            seen[name] = sum(passed)
    for name, seconds in times.items():
        ratios = [p / s for p, s in zip(times["plain"], seconds, strict=True)]
        print(
            f"{name:11s} {tokens / statistics.median(seconds):7.1f} tokens/s, ratio to plain "
            f"median {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}), "
            f"same {same[name]} of {len(prompts)}, seen {seen[name]}"
        )
