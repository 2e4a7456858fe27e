"""Every neuron's score by every criterion, for several contrasts: a table each and pooling."""

from itertools import product

from safeneuron.command import stage
from safeneuron.neurons.score_tables import write_scores
from safeneuron.neurons.scoring_settings import ContrastsSettings
from safeneuron.neurons.settings import ScoreSettings

if __name__ == "__main__":
    with stage(
        __doc__,
        ContrastsSettings,
        many=("unsafe", "safe"),
        outputs=(),
        many_outputs=("out",),
    ) as args:
        settings = args.settings
        contrasts = zip(settings.contrasts, args.unsafe, args.safe, strict=True)
        tables = product(contrasts, settings.poolings)
        for ((contrast, unsafe, safe), pooling), out in zip(tables, args.out, strict=True):
            about = ScoreSettings(state=settings.state, contrast=contrast, pooling=pooling)
            write_scores(out, unsafe, safe, about)
