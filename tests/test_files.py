"""Files are whole, outlast their writers, and do not collide; nor do the keys of arms and the checksums of arrays."""

import os

import numpy as np
import pytest

from jaxnorm.data import load
from jaxnorm.data.digest import digest_arrays
from jaxnorm.files import is_temporary, write_atomically, write_new
from jaxnorm.stats.arm import Arm, spell


def test_file_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    synchronised, fsync, path = [], os.fsync, tmp_path / "file"

    def watch(handle):
        synchronised.append(path.exists())
        fsync(handle)

    monkeypatch.setattr(os, "fsync", watch)
    write_atomically(path, b"content")
    assert synchronised == [False, True]  # the file, then its folder
    assert path.read_bytes() == b"content"


@pytest.mark.parametrize("write", [write_atomically, write_new])
def test_interrupted_writer_leaves_nothing_and_an_error_names_the_file(write, tmp_path, monkeypatch):
    def full(_handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left on device") as caught:
        write(tmp_path / "file", b"content")
    assert caught.value.filename == str(tmp_path / "file")
    assert list(tmp_path.iterdir()) == []


def test_new_file_is_made_once(tmp_path):
    write_new(tmp_path / "file", b"mine")
    with pytest.raises(FileExistsError):
        write_new(tmp_path / "file", b"yours")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"mine"]
    assert not is_temporary(tmp_path / "file")


def test_spelling_of_factors_is_short_and_of_no_other_value():
    assert [spell(value) for value in (16, 16.0, 0.5, 1e-3, "batch")] == ["16", "16", "0.5", "0.001", "batch"]
    close = [0.1234567, 0.12345671, 1234567.0, 1234568.0, 0.1 + 0.2, 0.3]
    assert len({spell(value) for value in close}) == len(close)
    assert [float(spell(value)) for value in close] == close
    assert Arm("batch").key == "batch"


def test_checksum_tells_arrays_apart_by_name_type_shape_and_value():
    base = {"x": np.arange(6, dtype=np.int32)}
    others = [
        {"y": base["x"]},
        {"x": base["x"].astype(np.int64)},
        {"x": base["x"].reshape(2, 3)},
        {"x": base["x"] + 1},
        {"x": np.array(list("012345"))},
        {"x": base["x"], "y": base["x"]},
    ]
    assert digest_arrays(base) == digest_arrays({"x": np.arange(12, dtype=np.int32)[:6]})
    assert digest_arrays(base) == digest_arrays({"x": np.repeat(base["x"], 2)[::2]})
    assert len({digest_arrays(arrays) for arrays in [base, *others]}) == len(others) + 1


def test_checksum_of_a_data_set_is_that_of_its_arrays():
    assert load("digits").digest == load("digits").digest != load("digits_rows").digest
