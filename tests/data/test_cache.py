"""The cache of decoded arrays: built once, never trusted without its checksum."""

import concurrent.futures
import dataclasses
import json
import shutil

import numpy as np
import pytest
from data.sets import make_split

from jaxnorm.data import DataError, Dataset, load
from jaxnorm.data.cache import cache_folder, cached


def make_dataset(seed=0):
    return Dataset(
        name="tiny",
        version="1.0.0",
        train=make_split(12, seed=seed),
        validation=make_split(4, seed=seed + 1),
        test=make_split(5, seed=seed + 2),
        num_classes=3,
        mean=np.array([0.1307], np.float32),
        std=np.array([1 / 3], np.float32),
        scale=255.0,
        source="this test",
    )


def assert_equal(left, right):
    for field in dataclasses.fields(Dataset):
        np.testing.assert_equal(getattr(left, field.name), getattr(right, field.name))


def entry():
    (folder,) = (cache_folder() / "datasets").iterdir()
    return folder


def test_cached_set_equals_the_built_one_and_is_built_once():
    built = []

    def build():
        built.append(make_dataset())
        return built[-1]

    for _ in range(3):
        dataset = cached("tiny", "1.0.0", "here", build)
        assert_equal(dataset, built[0])
    assert len(built) == 1
    assert dataset.mean.dtype == dataset.std.dtype == np.float32


def test_cached_arrays_are_memory_mapped_and_read_only():
    dataset = cached("tiny", "1.0.0", "here", make_dataset)
    for split in (dataset.train, dataset.validation, dataset.test):
        for array in (split.inputs, split.labels):
            assert isinstance(array, np.memmap)
            assert not array.flags.writeable
    assert dataset.train.inputs.dtype == np.uint8
    assert dataset.train.labels.dtype == np.int32


def test_cache_tells_sources_versions_and_names_apart():
    keys = [("tiny", "1.0.0", "here"), ("tiny", "1.0.0", "there"), ("tiny", "1.0.1", "here"), ("tiny/red", "1.0.0", "here")]
    for seed, key in enumerate(keys):
        cached(*key, lambda seed=seed: make_dataset(seed))
    for seed, key in enumerate(keys):
        np.testing.assert_array_equal(cached(*key, make_dataset).train.inputs, make_dataset(seed).train.inputs)


def test_sets_of_the_same_name_in_two_folders_do_not_collide(write_tfds, data_dir, tmp_path):
    write_tfds("tiny", {"train": make_split(12, seed=0)})
    other = tmp_path / "other"
    shutil.move(data_dir, other)
    data_dir.mkdir()
    write_tfds("tiny", {"train": make_split(12, seed=1)})
    np.testing.assert_array_equal(load("tiny", other).train.inputs, make_split(12, seed=0).inputs[:8])
    np.testing.assert_array_equal(load("tiny", data_dir).train.inputs, make_split(12, seed=1).inputs[:8])


def test_set_prepared_anew_is_read_anew(write_tfds, data_dir):
    for seed in (0, 1):
        folder = write_tfds("tiny", {"train": make_split(12, seed=seed)})
        np.testing.assert_array_equal(load("tiny", data_dir).train.inputs, make_split(12, seed=seed).inputs[:8])
        shutil.rmtree(folder)


FILENAMES = [f"{split}_{field}.npy" for split in ("train", "validation", "test") for field in ("images", "labels")]


@pytest.mark.parametrize("damage", ["flipped", "truncated", "empty"])
@pytest.mark.parametrize("filename", FILENAMES)
def test_damaged_array_is_named_and_made_again_when_deleted(filename, damage):
    dataset = cached("tiny", "1.0.0", "here", make_dataset)
    path = entry() / filename
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.unlink()
    path.write_bytes({"flipped": content, "truncated": content[:-3], "empty": b""}[damage])
    with pytest.raises(DataError, match=f"^The cached file {path} is broken.*delete it"):
        cached("tiny", "1.0.0", "here", make_dataset)
    path.unlink()
    assert_equal(cached("tiny", "1.0.0", "here", make_dataset), dataset)


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "",
        lambda text: text[:-9],
        lambda text: "[]",
        lambda text: "{}",
        lambda text: text.replace("0.1307", "0.1407"),
        lambda text: text.replace('"num_classes": 3', '"num_classes": 7'),
        lambda text: json.dumps(json.loads(text) | {"files": {}}),
    ],
)
def test_damaged_manifest_is_named_and_made_again_when_deleted(damage):
    cached("tiny", "1.0.0", "here", make_dataset)
    path = entry() / "manifest.json"
    text = path.read_text()
    path.write_text(damage(text))
    with pytest.raises(DataError, match=f"^The cached file {path} is broken.*delete it"):
        cached("tiny", "1.0.0", "here", make_dataset)
    path.unlink()
    cached("tiny", "1.0.0", "here", make_dataset)
    assert path.read_text() == text


def test_interrupted_build_leaves_nothing_that_counts():
    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cached("tiny", "1.0.0", "here", interrupted)
    assert_equal(cached("tiny", "1.0.0", "here", make_dataset), make_dataset())


def test_simultaneous_builders_agree():
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        datasets = list(pool.map(lambda _: cached("tiny", "1.0.0", "here", make_dataset), range(32)))
    for dataset in datasets:
        assert_equal(dataset, make_dataset())
    assert sorted(path.name for path in entry().iterdir()) == sorted([*FILENAMES, "manifest.json"])


def test_cache_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where a folder should be")
    monkeypatch.setenv("JAXNORM_CACHE_DIR", str(blocked))
    with pytest.raises(DataError, match=f"^The cache folder {blocked}.*set JAXNORM_CACHE_DIR"):
        cached("tiny", "1.0.0", "here", make_dataset)


def test_cache_folder_is_the_users_unless_named(tmp_path, monkeypatch):
    assert cache_folder() == tmp_path / "cache"
    monkeypatch.delenv("JAXNORM_CACHE_DIR")
    assert cache_folder().name == "jaxnorm"
