"""A model state under an attack as an ordinary checkpoint, which other software can serve."""

from pathlib import Path

from safeneuron.artifacts.manifests import read_manifest
from safeneuron.command import stage
from safeneuron.interventions.cells import read_cell
from safeneuron.interventions.export import save_attacked
from safeneuron.interventions.settings import AttackedCheckpointSettings
from safeneuron.models.checkpoint import load_checkpoint, write_manifest
from safeneuron.models.threads import set_deterministic

if __name__ == "__main__":
    with stage(
        __doc__,
        AttackedCheckpointSettings,
        inputs=("model",),
        many=("neurons", "scores"),
        outputs=("out", "manifest"),
    ) as args:
        settings = args.settings
        set_deterministic(settings.cpu_threads)
        cell = read_cell(
            *(settings.target, settings.fraction, settings.order, settings.operator),
            args.neurons,
            args.scores,
        )
        model, tokenizer = load_checkpoint(args.model)
        attacked = read_manifest(args.model)
        save_attacked(model, tokenizer, cell.intervention, args.out, Path(attacked["folder"]))
        reported = settings.columns | cell.columns
        write_manifest(args.manifest, args.out, attacked["dtype"], reported)
