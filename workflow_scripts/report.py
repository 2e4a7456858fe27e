"""One self-contained page: what was run, what was found, every figure."""

from safeneuron.command import stage_arguments
from safeneuron.files import write_text
from safeneuron.manifests import read_manifest
from safeneuron.report.page import render
from safeneuron.tables import ATTACK_SUCCESS, read_table

if __name__ == "__main__":
    args = stage_arguments(__doc__, "out", many=("figures", "models", "attack_success"))
    settings = args.settings
    rows = [r for path in args.attack_success for r in read_table(path, ATTACK_SUCCESS).to_pylist()]
    states = [
        {**state, **read_manifest(manifest)}
        for state, manifest in zip(settings["states"], args.models, strict=True)
    ]
    figures = dict(zip(settings["figures"], args.figures, strict=True))
    document = render(
        settings["experiment"],
        states,
        rows,
        settings["judge"],
        figures,
        settings["organism_models"] if not settings["organism_text"] else [],
        args.provenance("figures", "models", "attack_success"),
    )
    write_text(args.out, document)
