"""Bring a checkpoint of the hub into the cache and describe it, so that it can serve as T0."""

from safeneuron.command import stage
from safeneuron.models.checkpoint import write_manifest
from safeneuron.models.folder import check_chat_template, check_image_processor
from safeneuron.models.hub import fetch
from safeneuron.models.settings import HubCheckpointSettings

if __name__ == "__main__":
    with stage(__doc__, HubCheckpointSettings, outputs=("manifest",)) as args:
        settings = args.settings
        folder = fetch(settings.id, settings.revision)
        if settings.chat_template:
            check_chat_template(folder)
        if settings.images:
            check_image_processor(folder)
        commit = {"commit": folder.name}
        write_manifest(args.manifest, folder, settings.dtype, commit, settings.system_prompt)
