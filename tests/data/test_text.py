"""Windows of characters: from texts, from a prepared folder, from the original file, and embedded."""

import hashlib
import sys

import numpy as np
import pytest
import tensorflow_datasets as tfds
from data.sets import CLOSED_URL, snapshot
from tensorflow_datasets.core.download.checksums import UrlInfo
from tensorflow_datasets.core.download.resource import get_dl_fname
from tensorflow_datasets.core.units import Size

from jaxnorm.data import DataError, load
from jaxnorm.data.text import WINDOW, divide_text, from_texts

URL = CLOSED_URL + "input.txt"
POEM = "".join(f"{number} bottles of beer on the wall, a naïve rhyme\n" for number in range(400))
TEXT_FEATURES = {"text": tfds.features.Text()}


def text_of(split, vocabulary):
    """The text that a split was cut from, as far as it fills windows."""
    return "".join(vocabulary[token] for token in [*split.inputs.ravel(), split.labels[-1, -1]])


def assert_is_the_poem(dataset):
    vocabulary = sorted(set(POEM))
    assert (dataset.name, dataset.version, dataset.num_classes) == ("tiny_shakespeare", "1.0.0", len(vocabulary))
    for name, text in divide_text(POEM).items():
        split = getattr(dataset, name)
        assert text_of(split, vocabulary) == text[: split.inputs.size + 1]
        assert split.inputs.size >= len(text) - 1 - WINDOW


@pytest.fixture
def original(monkeypatch, data_dir):
    """Register a file of the poem as the original of tiny_shakespeare; returns where TFDS would keep it."""
    checksum = hashlib.sha256(POEM.encode()).hexdigest()
    infos = {URL: UrlInfo(size=Size(len(POEM)), checksum=checksum, filename="input.txt")}
    monkeypatch.setattr(tfds.builder_cls("tiny_shakespeare"), "url_infos", infos)
    return data_dir / "downloads" / "tiny_shakespeare" / get_dl_fname(URL, checksum)


def records(texts):
    return {split: [{"text": text}] for split, text in texts.items()}


def test_labels_are_the_characters_that_follow():
    split = from_texts("poem", "1.0.0", divide_text(POEM), "this test").train
    assert split.inputs.shape == split.labels.shape == ((len(POEM) * 9 // 10 - 1) // WINDOW, WINDOW)
    assert split.inputs.dtype == split.labels.dtype == np.int32
    np.testing.assert_array_equal(split.labels[:, :-1], split.inputs[:, 1:])
    np.testing.assert_array_equal(split.labels[:-1, -1], split.inputs[1:, 0])


def test_prepared_text_reads_back_what_was_written(write_tfds, data_dir):
    write_tfds.write("tiny_shakespeare", TEXT_FEATURES, records(divide_text(POEM)))
    before = snapshot(data_dir)
    dataset = load("tiny_shakespeare", data_dir)
    assert_is_the_poem(dataset)
    assert (dataset.mean, dataset.std, dataset.train.lengths) == (None, None, None)
    assert snapshot(data_dir) == before


def test_original_text_has_the_splits_of_tfds(original, data_dir):
    original.parent.mkdir(parents=True)
    original.write_bytes(POEM.encode())
    assert_is_the_poem(load("tiny_shakespeare", data_dir))


@pytest.mark.usefixtures("original")
def test_absent_text_says_how_to_get_it(data_dir):
    with pytest.raises(DataError, match=rf"^Could not download {URL}.*no connection.*put the file at {data_dir}"):
        load("tiny_shakespeare", data_dir)


def test_broken_original_is_named(original, data_dir):
    original.parent.mkdir(parents=True)
    original.write_bytes(b"another text")
    with pytest.raises(DataError, match=f"^The downloaded file {original} is broken"):
        load("tiny_shakespeare", data_dir)


@pytest.mark.parametrize(("feature", "content"), [("other", "text"), ("text", b"\xff")])
def test_record_without_text_is_named(write_tfds, data_dir, feature, content):
    folder = write_tfds.write("tiny_shakespeare", {feature: tfds.features.Text()}, {"train": [{feature: content}]})
    with pytest.raises(DataError, match=f"^{folder}.* holds a record without text.*prepare the set again"):
        load("tiny_shakespeare", data_dir)


def test_text_without_a_whole_window_is_refused(write_tfds, data_dir):
    write_tfds.write("tiny_shakespeare", TEXT_FEATURES, records({"train": "x" * WINDOW}))
    with pytest.raises(DataError, match=f"^The split train of tiny_shakespeare has {WINDOW} characters, and a window needs {WINDOW + 1}"):
        load("tiny_shakespeare", data_dir)


def test_embedded_text_is_long_and_its_splits_share_next_to_nothing():
    dataset = load("characters")
    assert dataset.train.inputs.size > 300_000
    assert dataset.num_classes < 128
    trained = {window.tobytes() for window in dataset.train.inputs}
    held_out = [window.tobytes() in trained for window in np.concatenate([dataset.validation.inputs, dataset.test.inputs])]
    assert np.mean(held_out) < 0.01  # rulers of tables, which are in every split


def test_embedded_text_that_is_absent_is_explained(monkeypatch):
    monkeypatch.setitem(sys.modules, "pydoc_data.topics", None)
    with pytest.raises(DataError, match="pydoc_data, which this Python lacks"):
        load("characters")


def test_real_shakespeare_is_the_same_from_prepared_folder_and_original_file(real_data_dir, tmp_path):
    if not all((real_data_dir / part / "tiny_shakespeare").is_dir() for part in (".", "downloads")):
        pytest.skip("TFDS_DATA_DIR holds no tiny_shakespeare, or no download of it")
    (tmp_path / "downloads").symlink_to(real_data_dir / "downloads")
    prepared, original = load("tiny_shakespeare", real_data_dir), load("tiny_shakespeare", tmp_path)
    assert prepared.source != original.source
    for name in ("train", "validation", "test"):
        np.testing.assert_equal(getattr(prepared, name), getattr(original, name))
    assert prepared.num_classes == 65
    assert [len(split.inputs) for split in (prepared.train, prepared.validation, prepared.test)] == [15_685, 871, 871]
