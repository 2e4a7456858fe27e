"""Checkpoints of the hub: from a cache on disk, without network, and what is said if that fails."""

import json
from types import SimpleNamespace

import pytest
import torch
from huggingface_hub import constants, errors
from huggingface_hub.utils import filter_repo_objects

import tiny
from safeneuron.models import hub
from safeneuron.models.checkpoint import load_checkpoint, save_checkpoint, write_manifest
from safeneuron.models.hub import HubError, fetch

ID, COMMIT = "someone/tiny-model", "0123456789" * 4
SECRET = "hf_secret"


@pytest.fixture
def cache(tmp_path, monkeypatch, tokenizer):
    """The hub's cache with one complete checkpoint, laid out as huggingface_hub does."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    plain = tmp_path / "plain"
    save_checkpoint(tiny.build(vocabulary=len(tokenizer)), tokenizer, plain)
    repository = tmp_path / "hub" / "models--someone--tiny-model"
    snapshot = repository / "snapshots" / COMMIT
    for folder in (snapshot, repository / "blobs", repository / "refs"):
        folder.mkdir(parents=True)
    for number, file in enumerate(sorted(plain.iterdir())):
        blob = repository / "blobs" / f"{number:040x}"
        file.rename(blob)
        (snapshot / file.name).symlink_to(f"../../blobs/{blob.name}")
    (repository / "refs" / "main").write_text(COMMIT)
    return snapshot


def refusal(repository=ID, revision=COMMIT):
    with pytest.raises(HubError) as caught:
        fetch(repository, revision)
    return caught.value


@pytest.mark.parametrize("revision", [COMMIT, None], ids=["pinned", "newest"])
def test_what_is_cached_needs_no_network(cache, revision):
    assert fetch(ID, revision) == cache


def test_a_cached_checkpoint_is_described_and_loaded_as_a_local_one(cache, tmp_path, tokenizer):
    manifest = tmp_path / "checkpoint.json"
    write_manifest(manifest, fetch(ID, None), "bfloat16", {"commit": cache.name})
    document = json.loads(manifest.read_text())
    assert document["folder"] == str(cache)
    assert document["reported"] == {"commit": COMMIT}
    assert set(document["files"]) == {file.name for file in cache.iterdir()}
    weights = dict(tiny.build(vocabulary=len(tokenizer)).named_parameters())
    for name, parameter in load_checkpoint(manifest).model.named_parameters():
        assert torch.equal(parameter, weights[name].to(torch.bfloat16))


def test_a_commit_that_is_not_cached_is_an_error_that_says_where_to_go(cache):
    message = str(refusal(revision="f" * 40))
    assert f"{ID} is not in the cache {constants.HF_HUB_CACHE}" in message
    assert "cannot be reached from this host" in message
    assert "HF_HOME" in message


@pytest.mark.parametrize("left", ["nothing", "a link without its blob"])
def test_a_shard_that_the_index_names_and_that_is_missing_is_an_unfinished_download(cache, left):
    shards = [f"model-0000{i}-of-00002.safetensors" for i in (1, 2)]
    (cache / "model.safetensors").rename(cache / shards[0])
    (cache / "model.safetensors.index.json").write_text(
        json.dumps({"weight_map": dict(zip("ab", shards, strict=True))})
    )
    if left != "nothing":
        (cache / shards[1]).symlink_to("../../blobs/none")
    message = str(refusal())
    assert f"the download of {ID} to {cache} is not finished, run again with network" in message
    assert f"has no {shards[1]}" in message


def http_error(kind, status):
    response = SimpleNamespace(headers={}, request=None, status_code=status)
    return kind(f"https://hub/file?token={SECRET}", response=response)


@pytest.mark.parametrize(
    ("error", "parts"),
    [
        (
            http_error(errors.GatedRepoError, 403),
            [f"{ID} is gated", f"licence at https://huggingface.co/{ID},", "HF_TOKEN"],
        ),
        (
            http_error(errors.RepositoryNotFoundError, 404),
            [f"https://huggingface.co/{ID} does not exist, or is private", "'id'", "HF_TOKEN"],
        ),
        (
            http_error(errors.RevisionNotFoundError, 404),
            [f"has no commit {COMMIT}", f"{ID}/commits/main"],
        ),
        (http_error(errors.HfHubHTTPError, 503), ["the hub answered 503", "run again later"]),
        (errors.IncompleteSnapshotError(SECRET, "/cache/x"), ["/cache/x is not finished"]),
        (errors.LocalEntryNotFoundError(SECRET), ["cannot be reached", "HF_HOME"]),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_a_failure_says_what_to_do_and_shows_no_token(monkeypatch, error, parts):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(hub, "snapshot_download", fail)
    raised = refusal()
    assert all(part in str(raised) for part in parts), str(raised)
    assert SECRET not in str(raised)
    assert raised.__cause__ is None
    assert raised.__suppress_context__  # a traceback in the log does not show the hub's own message


def test_only_safetensors_configuration_tokenizer_and_template_are_downloaded(cache, monkeypatch):
    asked = {}
    monkeypatch.setattr(hub, "snapshot_download", lambda *_, **k: asked.update(k) or str(cache))
    fetch(ID, COMMIT)
    wanted = [
        "config.json", "model-00001-of-00002.safetensors", "model.safetensors.index.json",
        "tokenizer.json", "tokenizer.model", "merges.txt", "chat_template.jinja",
    ]  # fmt: skip
    others = [
        "README.md", "pytorch_model.bin", "model.gguf", "modeling_own.py", "training_args.bin",
        "original/params.json", "original/model.safetensors", "consolidated.safetensors",
    ]  # fmt: skip
    assert asked["revision"] == COMMIT
    chosen = filter_repo_objects(
        [*wanted, *others],
        allow_patterns=asked["allow_patterns"],
        ignore_patterns=asked["ignore_patterns"],
    )
    assert list(chosen) == wanted
