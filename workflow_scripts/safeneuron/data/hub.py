"""Rows of a data set on the Hugging Face hub, through the `datasets` library.

No code of the hub is run: the library reads data files only. A download is cached by the library
(HF_HOME), and an access token comes from its own login, never from the configuration.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import datasets
import pyarrow as pa
from datasets.exceptions import DatasetNotFoundError, DatasetsError
from huggingface_hub.utils import httpx

from safeneuron.data.hub_files import HubFiles
from safeneuron.data.records import Record
from safeneuron.errors import SourceError

_AS_BYTES = datasets.Image(decode=False)


def hub_records(source: HubFiles) -> Iterator[Record]:
    """The rows of a data set, one by one; images as the bytes of their files.

    Raises:
        SourceError: there is no such data set, subset, split or file, it is gated, or the hub
            cannot be reached; says what to do.
    """
    try:
        rows = datasets.load_dataset(
            source.id,
            name=source.config,
            data_files=list(source.files) if source.files else None,
            split=source.split,
            revision=source.revision,
            streaming=source.streaming,
        )
        pictures = [n for n, f in (rows.features or {}).items() if isinstance(f, datasets.Image)]
        for name in pictures:
            rows = rows.cast_column(name, _AS_BYTES)
        for row in rows:
            yield {**row, **{name: _bytes(row[name]) for name in pictures}} if pictures else row
    except (DatasetsError, OSError, httpx.HTTPError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise SourceError(f"{source.id}: {reason}; {_remedy(source, error)}") from error


def _bytes(picture: Mapping[str, Any] | None) -> bytes | None:
    """An image's own bytes, also where the data set gives the path of its file."""
    (stored,) = _AS_BYTES.embed_storage(pa.array([picture], _AS_BYTES.pa_type)).to_pylist()
    return stored and stored["bytes"]


def _remedy(source: HubFiles, error: Exception) -> str:
    page = f"https://huggingface.co/datasets/{source.id}"
    if isinstance(error, DatasetNotFoundError) and "gated" in str(error):
        return f"accept its terms at {page} and log in with 'hf auth login'"
    if isinstance(error, DatasetNotFoundError):
        return f"check id and revision at {page}; if it is private, log in with 'hf auth login'"
    if isinstance(error, (ConnectionError, httpx.TransportError)):
        return (
            "run this step where there is a network (it is a local rule), or download the file "
            "and use kind: file"
        )
    return f"check config, split and files at {page}"
