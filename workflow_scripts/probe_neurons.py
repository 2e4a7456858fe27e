"""The neurons that a linear probe for harmful prompts leans on, on one model state."""

import logging

import numpy as np

from safeneuron.capture.activations import pooled_activations
from safeneuron.command import stage
from safeneuron.data.prompts import select_prompts
from safeneuron.models.chat import encode_prompts
from safeneuron.models.checkpoint import load_checkpoint
from safeneuron.models.sites import ffn_sites, grid_of
from safeneuron.models.threads import set_deterministic
from safeneuron.neurons.probe import fit_probe
from safeneuron.neurons.selection import by_probe
from safeneuron.neurons.sets import NeuronSet, SetIdentity, write_neuron_set
from safeneuron.neurons.settings import ProbeSettings

if __name__ == "__main__":
    with stage(__doc__, ProbeSettings, inputs=("model",), many=("unsafe", "safe")) as args:
        settings = args.settings
        set_deterministic(settings.cpu_threads)
        unsafe, safe = (
            [
                text
                for path in paths
                for text in select_prompts(path, side.split, side.categories)["text"].to_pylist()
            ]
            for paths, side in ((args.unsafe, settings.unsafe), (args.safe, settings.safe))
        )
        model, tokenizer = load_checkpoint(args.model)
        prompts = encode_prompts(tokenizer, unsafe + safe)
        harmful = np.arange(len(prompts)) < len(unsafe)
        layers = pooled_activations(
            model, prompts, settings.pooling, settings.batch_size, tokenizer.pad_token_id
        )
        weights = []
        for number, activations in enumerate(layers):
            probe = fit_probe(activations.to(model.device), harmful, settings.rule.l2)
            weights.append(probe.weights)
            logging.info("layer %d: accuracy %.3f, %d iterations", number, *probe[1:])
        present = grid_of(ffn_sites(model)).present
        chosen = by_probe(np.where(present, np.stack(weights), np.nan), settings.rule.z)
        about = SetIdentity(
            **settings.state.model_dump(),
            selection=settings.selection,
            contrast="overall",
        )
        write_neuron_set(args.out, NeuronSet({"probe": chosen}, about, present))
        logging.info("%d of %d neurons", chosen.sum(), present.sum())
