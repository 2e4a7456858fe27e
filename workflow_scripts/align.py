"""One round of alignment: protect the neurons identified so far, train the rest by DPO.

With `parallel` ddp or fsdp it becomes a process for each visible GPU; the first writes the results.
"""

import logging
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from safeneuron.alignment.processes import start_processes
from safeneuron.alignment.round import Trained, save_round, train_round
from safeneuron.alignment.settings import SAVE_EVERY, AlignSettings
from safeneuron.artifacts.provenance import digest
from safeneuron.command import stage
from safeneuron.data.prompts import select_prompts
from safeneuron.models.threads import set_deterministic
from safeneuron.organism.behaviour import Gate, measure
from safeneuron.organism.prompts import sentences


def validated(
    trained: Trained, prompts: Sequence[Path], bounds: Mapping[str, float] | None
) -> dict[str, Any]:
    """What an organism shows on its validation prompts, and whether it passes its gate."""
    if bounds is None:
        return {"gate_passed": None}
    asked = sentences(select_prompts(prompts[0], "validation"))
    behaviour = measure(trained.model, trained.tokenizer, asked)
    passed = Gate(**bounds).passes(behaviour)
    logging.log(
        logging.INFO if passed else logging.WARNING,
        "validation gate %s: %s",
        "passed" if passed else "missed, the round is kept and marked",
        behaviour,
    )
    return {"gate_passed": passed, **asdict(behaviour)}


if __name__ == "__main__":
    with stage(
        __doc__,
        AlignSettings,
        inputs=("model", "preferences"),
        many=("neurons", "prompts", "reference"),
        outputs=("out", "manifest", "report", "table"),
        numbers={"save_every": SAVE_EVERY},
    ) as args:
        settings = args.settings
        start_processes(settings.training.parallel)
        set_deterministic(settings.cpu_threads)
        # checkpoints of a killed training lie beside the output, which Snakemake would delete; only
        # the same training (settings, inputs, code) resumes from them
        workdir = args.out.with_name(f"training-{digest(args.provenance())}")
        reference = args.reference[0] if args.reference else None
        trained = train_round(
            *(args.model, args.neurons, args.preferences, reference, settings),
            *(args.report, workdir, args.save_every),
        )
        gate = validated(trained, args.prompts, settings.gate)
        columns = {**settings.state.model_dump(), "gate_passed": gate["gate_passed"]}
        save_round(trained, args.model, args.out, args.manifest, args.table, columns, gate)
        shutil.rmtree(workdir, ignore_errors=True)
