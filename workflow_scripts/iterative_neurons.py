"""The neurons of one model state that are found anew while those found before are zero."""

from safeneuron.attribution.iterative import found_again
from safeneuron.attribution.settings import IterativeNeuronsSettings
from safeneuron.command import stage
from safeneuron.data.prompts import selected_texts
from safeneuron.models.chat import encode_prompts
from safeneuron.models.checkpoint import load_checkpoint
from safeneuron.models.threads import set_deterministic
from safeneuron.neurons.found_again import write_found_again
from safeneuron.neurons.sets import read_neuron_set

if __name__ == "__main__":
    with stage(
        __doc__,
        IterativeNeuronsSettings,
        inputs=("model", "neurons"),
        many=("unsafe", "safe"),
    ) as args:
        settings = args.settings
        set_deterministic(settings.cpu_threads)
        model, tokenizer = load_checkpoint(args.model)
        first = read_neuron_set(args.neurons)
        unsafe, safe = (
            encode_prompts(tokenizer, selected_texts(paths, rows))
            for paths, rows in ((args.unsafe, settings.unsafe), (args.safe, settings.safe))
        )
        how = (settings.batch_size, tokenizer.pad_token_id)
        found = [*found_again(model, unsafe, safe, first.masks, settings.selected, *how)]
        write_found_again(args.out, found, first.about, first.present)
