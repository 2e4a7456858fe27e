"""Every neuron's score by every criterion, for several contrasts: a table each and pooling."""

from itertools import product

from safeneuron.command import stage
from safeneuron.neurons.scores import write_scores
from safeneuron.neurons.settings import ScoreContrastsSettings

if __name__ == "__main__":
    with stage(
        __doc__,
        ScoreContrastsSettings,
        many=("unsafe", "safe"),
        outputs=(),
        many_outputs=("out",),
    ) as args:
        settings = args.settings
        contrasts = zip(settings.contrasts, args.unsafe, args.safe, strict=True)
        tables = product(contrasts, settings.poolings)
        for ((contrast, unsafe, safe), pooling), out in zip(tables, args.out, strict=True):
            about = {**settings.state.model_dump(), "contrast": contrast}
            write_scores(out, unsafe, safe, pooling, about)
