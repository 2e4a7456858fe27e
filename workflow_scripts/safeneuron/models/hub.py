"""Checkpoints of the Hugging Face hub, brought into the hub's own cache (`HF_HOME`)."""

import logging
from pathlib import Path

from huggingface_hub import constants, snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    IncompleteSnapshotError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from safeneuron.errors import SafeNeuronError
from safeneuron.models.folder import IncompleteCheckpointError, check_folder

log = logging.getLogger(__name__)

_FILES = ["*.safetensors", "*.json", "*.jinja", "*.model", "merges.txt", "vocab.txt"]
_OTHER_FORMATS = ["*/*", "consolidated*"]  # the same weights again, as their authors train them


class HubError(SafeNeuronError):
    """A checkpoint could not be fetched; the message says what to do, and holds no token."""


def fetch(repository: str, revision: str | None) -> Path:
    """The folder of a checkpoint in the hub's cache, downloaded if it is not there yet.

    Only safetensors, configuration, tokenizer and chat template are downloaded. What is complete
    in the cache needs no network.

    Args:
        repository: `owner/name` on the hub.
        revision: a commit, or None for the newest one (without network: the newest in the cache).

    Returns:
        The snapshot's folder; its name is the commit.

    Raises:
        HubError: the repository is gated, unknown or unreachable, or its download unfinished.
    """
    page = f"{constants.ENDPOINT}/{repository}"
    try:
        folder = Path(
            snapshot_download(
                repository,
                revision=revision,
                allow_patterns=_FILES,
                ignore_patterns=_OTHER_FORMATS,
            )
        )
    # the hub's own messages may hold signed addresses: none is shown or chained
    except GatedRepoError:
        raise HubError(
            f"{repository} is gated: accept its licence at {page}, then set HF_TOKEN to a read "
            "token of that account (or log in once with 'hf auth login') and run again"
        ) from None
    except RepositoryNotFoundError:
        raise HubError(
            f"{page} does not exist, or is private to an account that HF_TOKEN does not belong to; "
            "correct the model's 'id', or set HF_TOKEN to a read token of that account"
        ) from None
    except RevisionNotFoundError:
        raise HubError(
            f"{repository} has no commit {revision}; take one from {page}/commits/main"
        ) from None
    except IncompleteSnapshotError as error:
        raise HubError(_unfinished(repository, Path(error.snapshot_path))) from None
    except LocalEntryNotFoundError:
        raise HubError(
            f"{repository} is not in the cache {constants.HF_HUB_CACHE}, and {constants.ENDPOINT} "
            "cannot be reached from this host; run again where it can (without HF_HUB_OFFLINE), or "
            "set HF_HOME to the cache that holds it"
        ) from None
    except HfHubHTTPError as error:
        raise HubError(
            f"{page}: the hub answered {error.response.status_code}; run again later, what is "
            "downloaded stays"
        ) from None
    try:
        check_folder(folder)
    except IncompleteCheckpointError as error:
        raise HubError(f"{_unfinished(repository, folder)}: {error}") from error
    log.info("%s is at commit %s", repository, folder.name)
    return folder


def _unfinished(repository: str, folder: Path) -> str:
    return (
        f"the download of {repository} to {folder} is not finished, run again with network to "
        "complete it"
    )
