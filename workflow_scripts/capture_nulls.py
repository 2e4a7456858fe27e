"""Moments of prompts in groups that are no categories, on one model state: nulls of Figure 5."""

import logging

import pyarrow as pa

from safeneuron.capture.grouped import capture_grouped
from safeneuron.capture.grouped_settings import CaptureNullsSettings
from safeneuron.command import stage
from safeneuron.data.prompts import select_prompts
from safeneuron.models.chat import encode_prompts
from safeneuron.models.checkpoint import load_checkpoint
from safeneuron.models.threads import set_deterministic
from safeneuron.neurons.moments import save_moments
from safeneuron.neurons.regrouping import deal, group_name

if __name__ == "__main__":
    with stage(__doc__, CaptureNullsSettings, inputs=("model",), many=("unsafe", "safe")) as args:
        settings = args.settings
        set_deterministic(settings.cpu_threads)
        unsafe, safe = (
            pa.concat_tables(select_prompts(path, rows.split, rows.categories) for path in paths)
            for paths, rows in ((args.unsafe, settings.unsafe), (args.safe, settings.safe))
        )
        nulls = settings.nulls
        groups = deal(unsafe["category"].to_pylist(), len(safe), nulls.draws, nulls.seed)
        model, tokenizer = load_checkpoint(args.model)
        texts = [text for table in (unsafe, safe) for text in table["text"].to_pylist()]
        prompts = encode_prompts(tokenizer, texts)
        moments = capture_grouped(
            model,
            prompts,
            groups,
            settings.poolings,
            settings.batch_size,
            tokenizer.pad_token_id,
        )
        save_moments(args.out, {group_name(*of): m for of, m in moments.items()})
        logging.info("%d prompts in %d groups a draw", len(prompts), groups.max() + 1)
