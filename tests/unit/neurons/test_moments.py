from dataclasses import replace

import numpy as np
import pytest

import synthetic
from safeneuron.errors import CorruptFileError
from safeneuron.neurons.moments import load_moments, merge, save_moments, with_magnitudes


@pytest.fixture
def moments():
    rng = np.random.default_rng(0)
    known = {"write_norm": rng.random((2, 3)), "eps": 2.0**-7}
    return {
        "max": synthetic.moments(7, *rng.normal(size=(2, 2, 3)), rng.random((2, 3)), **known),
        "meanabs": synthetic.moments(9, *rng.random((2, 2, 3)), **known),
    }


def test_variance_divides_by_one_less_than_the_count():
    moments = synthetic.moments(5, np.zeros((1, 2)), np.array([[8.0, 2.0]]))
    np.testing.assert_array_equal(moments.variance, [[2.0, 0.5]])


def test_saved_moments_load_to_the_same_bits(tmp_path, moments):
    save_moments(tmp_path / "m.safetensors", moments)
    for pooling, saved in moments.items():
        loaded = load_moments(tmp_path / "m.safetensors", pooling)
        assert (loaded.count, loaded.eps) == (saved.count, saved.eps)
        np.testing.assert_array_equal(loaded.mean, saved.mean)
        np.testing.assert_array_equal(loaded.m2, saved.m2)
        np.testing.assert_array_equal(loaded.magnitude, saved.magnitude)
        np.testing.assert_array_equal(loaded.write_norm, saved.write_norm)


def test_merged_moments_keep_what_they_know_of_the_model(moments):
    a = moments["max"]
    rounded = replace(a, write_norm=a.write_norm * (1 + 1e-15))  # summed on another machine
    merged = merge(a, replace(rounded, magnitude=3 * a.magnitude))
    assert (merged.count, merged.eps) == (14, a.eps)
    np.testing.assert_array_equal(merged.write_norm, a.write_norm)
    np.testing.assert_allclose(merged.magnitude, 2 * a.magnitude, rtol=1e-14)


@pytest.mark.parametrize("other", [{"write_norm": np.ones((2, 3))}, {"eps": 2.0**-23}])
def test_moments_of_different_models_are_not_merged(moments, other):
    with pytest.raises(ValueError, match="of different models"):
        merge(moments["max"], replace(moments["max"], **other))


def test_arrays_that_are_not_contiguous_are_saved_in_their_own_order(tmp_path):
    transposed = np.arange(6.0).reshape(2, 3).T
    save_moments(tmp_path / "m.safetensors", {"max": synthetic.moments(2, transposed, transposed)})
    np.testing.assert_array_equal(
        load_moments(tmp_path / "m.safetensors", "max").mean, [[0, 3], [1, 4], [2, 5]]
    )


def test_equal_moments_give_equal_files(tmp_path, moments):
    for name in ("a", "b"):
        save_moments(tmp_path / name, moments)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("kept", [0, 5, 100, -1])
def test_a_truncated_file_is_an_error_that_names_it(tmp_path, moments, kept):
    path = tmp_path / "weapons.safetensors"
    save_moments(path, moments)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(CorruptFileError, match=r"weapons\.safetensors"):
        load_moments(path, "max")


def test_a_changed_number_is_found_and_the_file_set_aside(tmp_path, moments):
    path = tmp_path / "weapons.safetensors"
    save_moments(path, moments)
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)
    damaged = 0
    for pooling in moments:
        try:
            load_moments(path, pooling)
        except CorruptFileError as error:
            damaged += 1
            assert "not those that were written" in str(error)
            assert not path.exists()
            path.with_name("weapons.safetensors.corrupt").rename(path)
    assert damaged == 1


def test_a_missing_file_is_an_error_that_names_it(tmp_path):
    with pytest.raises(CorruptFileError, match=r"nowhere\.safetensors"):
        load_moments(tmp_path / "nowhere.safetensors", "max")


def test_a_missing_pooling_is_an_error_that_names_file_and_pooling(tmp_path, moments):
    save_moments(tmp_path / "m.safetensors", moments)
    with pytest.raises(CorruptFileError, match=r"m\.safetensors.*'last'"):
        load_moments(tmp_path / "m.safetensors", "last")


def test_poolings_of_magnitudes_are_captured_once_where_two_poolings_need_one():
    assert with_magnitudes(["max", "maxabs", "last"]) == ["max", "maxabs", "last", "lastabs"]
    assert with_magnitudes(["meanabs"]) == ["meanabs"]
