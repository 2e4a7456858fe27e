"""Effect size and activation shift of every neuron, for one category and pooling."""

from typing import Any

from safeneuron.command import stage
from safeneuron.neurons.files import write_scores
from safeneuron.neurons.moments import load_moments
from safeneuron.neurons.scores import score

if __name__ == "__main__":
    with stage(__doc__, dict[str, Any], inputs=("unsafe", "safe")) as args:
        unsafe, safe = (
            load_moments(path, args.settings["pooling"]) for path in (args.unsafe, args.safe)
        )
        write_scores(args.out, score(unsafe, safe), unsafe.mean, safe.mean)
