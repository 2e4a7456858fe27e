"""Every neuron's score by every criterion, for one contrast: a table a pooling."""

from safeneuron.command import stage
from safeneuron.neurons.score_tables import write_scores
from safeneuron.neurons.scoring_settings import ContrastSettings
from safeneuron.neurons.settings import ScoreSettings

if __name__ == "__main__":
    with stage(
        __doc__, ContrastSettings, inputs=("unsafe", "safe"), outputs=(), many_outputs=("out",)
    ) as args:
        settings = args.settings
        state, contrast = settings.state, settings.contrast
        for pooling, out in zip(settings.poolings, args.out, strict=True):
            about = ScoreSettings(state=state, contrast=contrast, pooling=pooling)
            write_scores(out, args.unsafe, args.safe, about)
