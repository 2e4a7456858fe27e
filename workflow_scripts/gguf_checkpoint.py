"""Give a seed the manifest of a converted GGUF file, so that it can serve as a model's T0."""

from safeneuron.artifacts.files import write_text
from safeneuron.command import stage
from safeneuron.models.checkpoint import check_files

if __name__ == "__main__":
    with stage(__doc__, inputs=("converted",), outputs=("manifest",)) as args:
        check_files(args.converted)
        write_text(args.manifest, args.converted.read_text(encoding="utf-8"))
