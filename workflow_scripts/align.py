"""One round of alignment: protect the neurons identified so far, train the rest by DPO.

With `parallel` ddp or fsdp it becomes a process for each visible GPU; the first writes the results.
"""

import shutil

from safeneuron.alignment.processes import start_processes
from safeneuron.alignment.round import save_round, train_round
from safeneuron.alignment.settings import SAVE_EVERY, AlignSettings
from safeneuron.artifacts.provenance import digest
from safeneuron.command import stage
from safeneuron.models.threads import set_deterministic

if __name__ == "__main__":
    with stage(
        __doc__,
        AlignSettings,
        inputs=("model", "preferences"),
        many=("neurons", "reference", "unsafe", "safe"),
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
            *(args.model, args.neurons, args.preferences, reference, (args.unsafe, args.safe)),
            *(settings, args.report, workdir, args.save_every),
        )
        save_round(trained, args.model, args.out, args.manifest, args.table, settings.state)
        shutil.rmtree(workdir, ignore_errors=True)
