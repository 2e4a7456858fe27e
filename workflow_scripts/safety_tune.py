"""Safety-tune a model on refusals and its own answers: gives T0."""

import shutil
from pathlib import Path

from safeneuron.artifacts.manifests import read_manifest
from safeneuron.artifacts.provenance import digest
from safeneuron.artifacts.tables import read_table
from safeneuron.command import stage
from safeneuron.models.checkpoint import (
    cast_weights,
    load_checkpoint,
    save_checkpoint,
    write_manifest,
)
from safeneuron.models.threads import set_deterministic
from safeneuron.tuning.examples import EXAMPLES
from safeneuron.tuning.settings import SafetyTuneSettings
from safeneuron.tuning.training import safety_tune

if __name__ == "__main__":
    with stage(
        __doc__, SafetyTuneSettings, inputs=("base", "examples"), outputs=("out", "manifest")
    ) as args:
        settings = args.settings
        set_deterministic(settings.cpu_threads)
        examples = read_table(args.examples, EXAMPLES).to_pylist()
        # beside the output, which Snakemake would delete; only the same training resumes from them
        workdir = args.out.with_name(f"training-{digest(args.provenance())}")
        model, tokenizer = load_checkpoint(args.base, "float32")
        safety_tune(model, tokenizer, examples, settings.training, settings.seed, workdir)
        base = read_manifest(args.base)
        cast_weights(model, settings.training.saved_dtype or base["dtype"])
        save_checkpoint(model, tokenizer, args.out, Path(base["folder"]))
        reported = {"steps": settings.training.steps, "examples": len(examples)}
        write_manifest(args.manifest, args.out, base["dtype"], reported)
        shutil.rmtree(workdir, ignore_errors=True)
