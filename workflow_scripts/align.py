"""One round of alignment: protect the neurons identified so far, train the rest by DPO.

With `parallel` ddp or fsdp it becomes a process for each visible GPU; the first writes the results.
"""

import json
import logging
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from safeneuron.alignment import processes
from safeneuron.alignment.arms import METHODS
from safeneuron.alignment.dpo_training import align
from safeneuron.alignment.freezing import freeze_report
from safeneuron.alignment.reference_table import with_reference
from safeneuron.alignment.settings import dpo_settings
from safeneuron.alignment.training_table import TRAINING, training_rows
from safeneuron.artifacts.files import write_text
from safeneuron.artifacts.manifests import read_manifest
from safeneuron.artifacts.provenance import digest
from safeneuron.artifacts.tables import read_table, write_rows
from safeneuron.command import stage
from safeneuron.data.preferences import PREFERENCES
from safeneuron.models.checkpoint import (
    cast_weights,
    load_checkpoint,
    save_checkpoint,
    write_manifest,
)
from safeneuron.models.threads import set_deterministic
from safeneuron.models.vision import vision_for
from safeneuron.neurons.sets import read_neuron_set

if __name__ == "__main__":
    with stage(
        __doc__,
        dict[str, Any],
        inputs=("model", "preferences"),
        many=("neurons", "reference"),
        outputs=("out", "manifest", "report", "table"),
    ) as args:
        settings = args.settings
        context = settings["context"]
        parallel = settings["parallel"]
        processes.start_processes(parallel)
        set_deterministic(settings["cpu_threads"])
        identified = np.logical_or.reduce([read_neuron_set(p).union for p in args.neurons])
        rng = np.random.default_rng([context["seed"], context["round"]])
        plan = METHODS[settings["method"]](identified, rng)
        logging.info(
            "%d identified, %d frozen, %d zeroed",
            *(m.sum() for m in (identified, plan.frozen, plan.zeroed)),
        )

        table = read_table(args.preferences, PREFERENCES)
        pairs = table.slice(0, max(1, round(len(table) * settings["data_fraction"]))).to_pylist()
        training = dpo_settings(settings["training"], len(pairs))
        # float32 copies are trained, and saved in the checkpoint's own dtype
        placement = processes.placement(parallel)
        model, tokenizer = load_checkpoint(args.model, "float32", placement)
        reference = None
        if args.reference:
            pairs = with_reference(pairs, *args.reference)
        else:
            reference, _ = load_checkpoint(args.model, "float32", placement)
        # checkpoints of a killed training lie beside the output, which Snakemake would delete; only
        # the same training (settings, inputs, code) resumes from them
        sources = args.provenance()
        workdir = args.out.with_name(f"training-{digest(sources)}")
        seed = context["seed"] * 1000 + context["round"]
        vision = vision_for((pair["image"] for pair in pairs), args.model, model.config)
        history = align(model, reference, tokenizer, pairs, plan, training, seed, workdir, vision)

        dtype = read_manifest(args.model)["dtype"]
        first, on_cpu = processes.is_first(), {"device_map": "cpu"}
        if processes.is_sharded(model):
            whole = load_checkpoint(args.model, dtype, on_cpu).model if first else None
            processes.gather(model, whole)
            model = whole
        processes.end_processes()
        if not first:
            raise SystemExit
        cast_weights(model, dtype)
        report = freeze_report(model, load_checkpoint(args.model, dtype, on_cpu).model, plan.frozen)
        logging.info("freeze report: %s", report)
        write_text(args.report, json.dumps(asdict(report), indent=1) + "\n")
        report.check()
        save_checkpoint(model, tokenizer, args.out, Path(read_manifest(args.model)["folder"]))
        reported = {"steps": training.steps, "protected_neurons": int(identified.sum())}
        write_manifest(args.manifest, args.out, dtype, reported)
        write_rows(args.table, TRAINING, training_rows(history, context))
        shutil.rmtree(workdir, ignore_errors=True)
