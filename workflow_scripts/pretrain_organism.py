"""Train an organism from scratch to a helpful base that complies with everything."""

from safeneuron.command import stage
from safeneuron.data.prompts import select_prompts
from safeneuron.models.checkpoint import save_checkpoint, write_manifest
from safeneuron.models.threads import set_deterministic
from safeneuron.organism.architecture import build_model
from safeneuron.organism.language import PRETRAINING
from safeneuron.organism.pretraining import pretrain
from safeneuron.organism.prompts import sentences
from safeneuron.organism.settings import PretrainSettings
from safeneuron.organism.tokenizer import build_tokenizer

if __name__ == "__main__":
    with stage(__doc__, PretrainSettings, inputs=("prompts",), outputs=("out", "manifest")) as args:
        settings = args.settings
        set_deterministic(settings.cpu_threads)
        tokenizer = build_tokenizer()
        model = build_model(settings.size, tokenizer, settings.seed)
        prompts = sentences(select_prompts(args.prompts, PRETRAINING))
        pretrain(model, tokenizer, prompts, settings.pretrain, settings.seed)
        save_checkpoint(model, tokenizer, args.out)
        write_manifest(args.manifest, args.out, "float32", {"steps": settings.pretrain.steps})
