"""Convert a GGUF file to an ordinary checkpoint folder and describe it."""

from safeneuron.command import stage
from safeneuron.models.checkpoint import write_manifest
from safeneuron.models.gguf_conversion import convert_gguf
from safeneuron.models.settings import Weights

if __name__ == "__main__":
    with stage(__doc__, Weights, inputs=("gguf",), outputs=("out", "manifest")) as args:
        reported = convert_gguf(args.gguf, args.out, args.settings.dtype)
        write_manifest(args.manifest, args.out, args.settings.dtype, reported)
