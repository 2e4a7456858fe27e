"""Every neuron's score by every criterion, for one contrast: a table a pooling."""

from safeneuron.command import stage
from safeneuron.neurons.scores import write_scores
from safeneuron.neurons.settings import ScoreSettings

if __name__ == "__main__":
    with stage(
        __doc__, ScoreSettings, inputs=("unsafe", "safe"), outputs=(), many_outputs=("out",)
    ) as args:
        settings = args.settings
        about = {**settings.state.model_dump(), "contrast": settings.contrast}
        for pooling, out in zip(settings.poolings, args.out, strict=True):
            write_scores(out, args.unsafe, args.safe, pooling, about)
