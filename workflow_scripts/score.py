"""Effect size and activation shift of every neuron, for one category and pooling."""

from safeneuron.command import stage_arguments
from safeneuron.neurons.files import write_scores
from safeneuron.neurons.moments import load_moments
from safeneuron.neurons.scores import score

if __name__ == "__main__":
    args = stage_arguments(__doc__, "unsafe", "safe", "out")
    unsafe, safe = (
        load_moments(path, args.settings["pooling"]) for path in (args.unsafe, args.safe)
    )
    write_scores(
        args.out, score(unsafe, safe), unsafe.mean, safe.mean, args.provenance("unsafe", "safe")
    )
