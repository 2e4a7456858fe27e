"""Every neuron's score by every criterion, for one contrast and pooling."""

from safeneuron.command import stage
from safeneuron.neurons.criteria import write_criteria
from safeneuron.neurons.moments import load_moments
from safeneuron.neurons.scores import score
from safeneuron.neurons.settings import ScoreSettings

if __name__ == "__main__":
    with stage(__doc__, ScoreSettings, inputs=("unsafe", "safe")) as args:
        settings = args.settings
        unsafe, safe = (load_moments(path, settings.pooling) for path in (args.unsafe, args.safe))
        about = {
            **settings.state.model_dump(),
            "contrast": settings.contrast,
            "pooling": settings.pooling,
        }
        write_criteria(args.out, score(unsafe, safe), about)
