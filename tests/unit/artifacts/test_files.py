import hashlib
import os

import numpy as np
import pytest
from safetensors.numpy import save_file

from safeneuron.artifacts.files import replacing, sha256, write_text


class InterruptedWriteError(Exception):
    pass


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def write_folder(path, **files):
    path.mkdir()
    for name, text in files.items():
        (path / name).write_text(text)


def test_a_file_appears_under_its_name_when_it_is_complete(tmp_path):
    path = tmp_path / "new" / "folder" / "table.csv"
    with replacing(path) as scratch:
        scratch.write_text("half")
        assert not path.exists()
        assert scratch.parent == path.parent  # the same file system, so that renaming is atomic
    assert path.read_text() == "half"
    assert names(path.parent) == ["table.csv"]


def test_a_file_replaces_the_old_one(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("old")
    with replacing(path) as scratch:
        scratch.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"


def test_a_folder_replaces_the_old_one_with_all_its_files(tmp_path):
    write_folder(tmp_path / "model", weights="old", extra="old")
    with replacing(tmp_path / "model") as scratch:
        write_folder(scratch, weights="new")
    assert names(tmp_path) == ["model"]
    assert names(tmp_path / "model") == ["weights"]
    assert (tmp_path / "model" / "weights").read_text() == "new"


@pytest.mark.parametrize("error", [InterruptedWriteError, KeyboardInterrupt])
def test_an_error_leaves_no_file_behind(tmp_path, error):
    with pytest.raises(error), replacing(tmp_path / "table.csv") as scratch:
        scratch.write_text("half")
        raise error
    assert names(tmp_path) == []


def test_an_error_leaves_no_folder_behind(tmp_path):
    with pytest.raises(InterruptedWriteError), replacing(tmp_path / "model") as scratch:
        write_folder(scratch, weights="half")
        raise InterruptedWriteError
    assert names(tmp_path) == []


def test_an_error_keeps_the_old_file(tmp_path):
    (tmp_path / "table.csv").write_text("old")
    with pytest.raises(InterruptedWriteError), replacing(tmp_path / "table.csv") as scratch:
        scratch.write_text("half")
        raise InterruptedWriteError
    assert names(tmp_path) == ["table.csv"]
    assert (tmp_path / "table.csv").read_text() == "old"


def test_an_error_keeps_the_old_folder(tmp_path):
    write_folder(tmp_path / "model", weights="old")
    with pytest.raises(InterruptedWriteError), replacing(tmp_path / "model") as scratch:
        write_folder(scratch, weights="half")
        raise InterruptedWriteError
    assert names(tmp_path) == ["model"]
    assert (tmp_path / "model" / "weights").read_text() == "old"


def test_a_body_that_writes_nothing_is_an_error_that_keeps_the_old_file(tmp_path):
    (tmp_path / "table.csv").write_text("old")
    with pytest.raises(FileNotFoundError), replacing(tmp_path / "table.csv"):
        pass
    assert (tmp_path / "table.csv").read_text() == "old"


def test_a_body_that_writes_nothing_is_an_error_that_keeps_the_old_folder(tmp_path):
    write_folder(tmp_path / "model", weights="old")
    with pytest.raises(FileNotFoundError), replacing(tmp_path / "model"):
        pass
    assert (tmp_path / "model" / "weights").read_text() == "old"


def test_text_is_written_as_utf8_and_whole(tmp_path):
    write_text(tmp_path / "page.html", "Größe ≥ 1\n")
    assert (tmp_path / "page.html").read_bytes() == "Größe ≥ 1\n".encode()


def test_sha256_is_that_of_the_bytes(tmp_path):
    (tmp_path / "a").write_bytes(b"\0\n" * 1000)
    assert sha256(tmp_path / "a") == hashlib.sha256(b"\0\n" * 1000).hexdigest()


def test_every_file_has_the_mode_that_the_umask_asks_for(tmp_path):
    mask = os.umask(0o022)
    try:
        with replacing(tmp_path / "weights.safetensors") as scratch:
            save_file({"a": np.zeros(2)}, scratch)
        with replacing(tmp_path / "checkpoint") as scratch:
            (scratch / "part").mkdir(parents=True)
            save_file({"a": np.zeros(2)}, scratch / "part" / "model.safetensors")
    finally:
        os.umask(mask)
    for name in ("weights.safetensors", "checkpoint/part/model.safetensors"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o644
