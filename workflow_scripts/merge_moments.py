"""Moments of the union of prompt sets that share no prompt, from theirs: no model runs."""

from functools import reduce

from safeneuron.command import stage
from safeneuron.neurons.moments import load_moments, merge, save_moments
from safeneuron.neurons.settings import MergeSettings

if __name__ == "__main__":
    with stage(__doc__, MergeSettings, many=("moments",)) as args:
        merged = {
            pooling: reduce(merge, (load_moments(path, pooling) for path in args.moments))
            for pooling in args.settings.poolings
        }
        save_moments(args.out, merged)
