import numpy as np
import pytest

from safeneuron.directions.files import read_directions, write_directions
from safeneuron.errors import CorruptFileError

ROWS = np.linalg.qr(np.random.default_rng(0).normal(size=(8, 3)))[0].T


def test_directions_come_back_to_the_bit(tmp_path):
    write_directions(tmp_path / "d", ROWS, [1, 4, 2])
    assert read_directions(tmp_path / "d").tobytes() == ROWS.tobytes()


def test_a_changed_byte_is_found_and_the_file_set_aside(tmp_path):
    write_directions(tmp_path / "d", ROWS, [1, 4, 2])
    content = bytearray((tmp_path / "d").read_bytes())
    content[-3] ^= 1
    (tmp_path / "d").write_bytes(content)
    with pytest.raises(CorruptFileError, match="not those that were written"):
        read_directions(tmp_path / "d")
    assert not (tmp_path / "d").exists()


def test_what_is_no_safetensors_file_is_set_aside(tmp_path):
    (tmp_path / "d").write_text("no")
    with pytest.raises(CorruptFileError, match="no readable directions"):
        read_directions(tmp_path / "d")
