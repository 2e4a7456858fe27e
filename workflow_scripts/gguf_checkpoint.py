"""Write the manifest of a converted GGUF file, so that it can serve as a model's T0."""

from pathlib import Path

from safeneuron.command import stage
from safeneuron.models.checkpoint import check_files, write_manifest
from safeneuron.models.settings import Chat

if __name__ == "__main__":
    with stage(__doc__, Chat, inputs=("converted",), outputs=("manifest",)) as args:
        read = check_files(args.converted)
        folder, prompt = Path(read["folder"]), args.settings.system_prompt
        write_manifest(args.manifest, folder, read["dtype"], read["reported"], prompt)
