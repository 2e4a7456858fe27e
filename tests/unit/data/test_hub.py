"""Sets on the hub: the code path on local files, and each refusal of the hub with a remedy."""

import json

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets.exceptions import DatasetNotFoundError
from huggingface_hub.utils import httpx

from pictures import picture
from safeneuron.data.hub import hub_records
from safeneuron.data.hub_files import HubFiles
from safeneuron.data.prompt_settings import HubDataset
from safeneuron.data.sources import Prompt, hub_prompts
from safeneuron.errors import SourceError

RECORDS = [
    {"question": "a?", "topic": "Fraud", "label": "unsafe"},
    {"question": "b?", "topic": "Arms & Co", "label": "safe"},
    {"question": "a?", "topic": "Fraud", "label": "unsafe"},
    {"question": "c?", "topic": "Fraud", "label": "unsafe"},
]


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")


def hub(**keys) -> HubFiles:
    return HubFiles(**{"id": "owner/name"} | keys)


def prompts_of(files: HubFiles, **keys) -> list[Prompt]:
    """The prompts of a set whose categories are those of `RECORDS`, unless told otherwise."""
    columns = {"text": "question", "category": "topic", "categories": ["fraud", "arms-co"]}
    return hub_prompts(hub_records(files), HubDataset(hub=files, **columns | keys))


def local(tmp_path, builder, **keys) -> HubFiles:
    """A file as the library's own builder reads it: what a hub id resolves to."""
    path = tmp_path / f"data.{builder}"
    if builder == "json":
        path.write_text("\n".join(json.dumps(r) for r in RECORDS))
    else:
        pq.write_table(pa.Table.from_pylist(RECORDS), path)
    return hub(id=builder, files=[str(path)], **keys)


@pytest.mark.parametrize("builder", ["json", "parquet"])
@pytest.mark.parametrize("streaming", [False, True])
def test_rows_become_prompts(tmp_path, builder, streaming):
    prompts = prompts_of(local(tmp_path, builder, streaming=streaming), deduplicate=True)
    assert prompts == [
        Prompt("1", "fraud", "identification", "a?"),
        Prompt("2", "arms-co", "identification", "b?"),
        Prompt("4", "fraud", "identification", "c?"),
    ]


def test_where_and_limit_hold_for_streamed_rows(tmp_path):
    keys = {"where": {"label": ["unsafe"]}, "limit": 2, "categories": ["fraud"]}
    prompts = prompts_of(local(tmp_path, "json", streaming=True), **keys)
    assert [p.id for p in prompts] == ["1", "3"]


def test_of_a_whole_set_the_limit_is_drawn_and_keeps_every_category(tmp_path):
    prompts = prompts_of(local(tmp_path, "json"), limit=2)
    assert sorted(p.category for p in prompts) == ["arms-co", "fraud"]


def stream(monkeypatch, rows):
    """What a hub id resolves to when it is streamed."""
    found = datasets.IterableDataset.from_generator(rows)
    monkeypatch.setattr(datasets, "load_dataset", lambda *a, **k: found)


def test_a_stream_is_read_no_further_than_the_limit(monkeypatch):
    read = []

    def rows():
        for number in range(1000):
            read.append(number)
            yield {"question": f"{number}?", "topic": "a"}

    stream(monkeypatch, rows)
    prompts = prompts_of(hub(streaming=True), limit=5, categories=["a"])
    assert (len(prompts), len(read)) == (5, 5)


def test_the_hub_is_asked_for_exactly_this(monkeypatch):
    asked, empty = [], datasets.Dataset.from_list([])
    monkeypatch.setattr(datasets, "load_dataset", lambda *a, **k: asked.append((a, k)) or empty)
    source = hub(config="en", split="test", revision="abc", files=["x.csv"], streaming=True)
    assert list(hub_records(source)) == []
    keys = {"name": "en", "data_files": ["x.csv"], "split": "test", "revision": "abc"}
    assert asked == [(("owner/name",), keys | {"streaming": True})]


PAGE = "https://huggingface.co/datasets/owner/name"


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (
            DatasetNotFoundError("Dataset 'owner/name' is a gated dataset on the Hub."),
            f"accept its terms at {PAGE} and log in with 'hf auth login'",
        ),
        (
            DatasetNotFoundError("Dataset 'owner/name' doesn't exist on the Hub"),
            f"check id and revision at {PAGE}; if it is private, log in with 'hf auth login'",
        ),
        (ConnectionError("Couldn't reach 'owner/name' on the Hub"), "use kind: file"),
        (httpx.ConnectTimeout("timed out"), "use kind: file"),
        (
            ValueError("Unknown split \"tset\". Should be one of ['train']."),
            f"split and files at {PAGE}",
        ),
        (FileNotFoundError("Unable to find 'x.csv'"), f"split and files at {PAGE}"),
        (RuntimeError("Dataset scripts are no longer supported"), f"split and files at {PAGE}"),
    ],
    ids=["gated", "missing", "no network", "timeout", "split", "file", "script"],
)
def test_a_refusal_of_the_hub_says_what_to_do(monkeypatch, error, remedy):
    def refuse(*args, **keys):
        raise error

    monkeypatch.setattr(datasets, "load_dataset", refuse)
    with pytest.raises(SourceError) as caught:
        list(hub_records(hub()))
    text = str(caught.value)
    assert text.startswith(f"owner/name: {error}; ")
    assert text.endswith(remedy)


def test_a_connection_lost_in_the_middle_is_named(monkeypatch):
    def rows():
        yield RECORDS[0]
        raise httpx.ReadError("connection reset")

    stream(monkeypatch, rows)
    with pytest.raises(SourceError, match=r"owner/name: connection reset; run this step"):
        prompts_of(hub())


@pytest.mark.parametrize("streaming", [False, True])
def test_images_are_the_bytes_of_their_files(tmp_path, streaming):
    """Held in the table, and as files in folders whose names are the labels."""
    red, blue = (picture(colour) for colour in ("red", "blue"))
    for label, image in (("a", red), ("b", blue)):
        (tmp_path / "folder" / label).mkdir(parents=True)
        (tmp_path / "folder" / label / "1.png").write_bytes(image)
    held = datasets.Dataset.from_dict({"image": [red, blue], "label": [0, 1]})
    held.cast_column("image", datasets.Image()).to_parquet(tmp_path / "held.parquet")
    shown = {"text": None, "constant_text": "Explain this image.", "image": "image"}
    shown |= {"category": None, "categories": None, "constant_category": "c"}
    for source in (
        hub(id="parquet", files=[str(tmp_path / "held.parquet")], streaming=streaming),
        hub(id=str(tmp_path / "folder"), streaming=streaming),
    ):
        (prompt,) = prompts_of(source, **shown, where={"label": [1]})
        assert (prompt.id, prompt.text, prompt.image) == ("2", "Explain this image.", blue)


def test_a_missing_column_names_those_there_are(tmp_path):
    source = local(tmp_path, "json")
    with pytest.raises(SourceError, match=r"json: no column 'prompt' \(config key 'text'\)"):
        prompts_of(source, text="prompt")
