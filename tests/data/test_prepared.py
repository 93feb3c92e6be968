"""Reading folders that TFDS prepared, and every way in which they can be unfit or broken."""

import io
import json
import sys

import numpy as np
import PIL.Image
import pytest
import tensorflow_datasets as tfds
from data.sets import encode_png, make_split, snapshot

from jaxnorm.data import DataError, load

IMAGE, LABEL = tfds.features.Image(shape=(4, 4, 1)), tfds.features.ClassLabel(num_classes=3)


def shard(folder, split="train", index=0, count=1):
    return folder / f"{folder.parent.name}-{split}.array_record-{index:05d}-of-{count:05d}"


def examples(count=12, **features):
    """Rows with a PNG ``image`` and a ``label``, unless ``features`` gives other columns as functions of the index."""
    columns = {"image": lambda index: encode_png(np.full((4, 4, 1), index, np.uint8)), "label": lambda index: index % 3} | features
    return {"train": [{name: column(index) for name, column in columns.items()} for index in range(count)]}


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("num_shards", [1, 3])
def test_prepared_set_reads_back_what_was_written(write_tfds, data_dir, channels, num_shards):
    splits = {name: make_split(count, (5, 4, channels), seed=count) for name, count in {"train": 12, "validation": 4, "test": 5}.items()}
    write_tfds("tiny", splits, num_shards=num_shards)
    dataset = load("tiny", data_dir)
    for name, split in splits.items():
        np.testing.assert_array_equal(getattr(dataset, name).inputs, split.inputs)
        np.testing.assert_array_equal(getattr(dataset, name).labels, split.labels)
    assert (dataset.name, dataset.version, dataset.num_classes, dataset.scale) == ("tiny", "1.0.0", 3, 255.0)
    assert dataset.mean.shape == dataset.std.shape == (channels,)


def test_prepared_images_convert_to_the_declared_channels(write_tfds, data_dir):
    def grey_jpeg(index):
        buffer = io.BytesIO()
        PIL.Image.new("L", (4, 4), 10 * index).save(buffer, "jpeg")
        return buffer.getvalue()

    write_tfds.write("tiny", {"image": tfds.features.Image(shape=(4, 4, 3)), "label": LABEL}, examples(image=grey_jpeg))
    images = load("tiny", data_dir).train.inputs
    assert images.shape == (8, 4, 4, 3)
    np.testing.assert_array_equal(images[..., 0], images[..., 2])


def test_supervised_pair_decides_between_two_labels(write_tfds, data_dir):
    features = {"image": IMAGE, "coarse": tfds.features.ClassLabel(num_classes=2), "label": LABEL}
    rows = examples(coarse=lambda index: index % 2)
    write_tfds.write("pair", features, rows, supervised_keys=("image", "label"))
    np.testing.assert_array_equal(load("pair", data_dir).train.labels, np.arange(8) % 3)
    write_tfds.write("ambiguous", features, rows)
    with pytest.raises(DataError, match="one image and one class label: its features are"):
        load("ambiguous", data_dir)


@pytest.mark.parametrize(
    ("features", "columns"),
    [
        ({"text": tfds.features.Text()}, {"text": lambda index: "words"}),
        ({"image": IMAGE}, {}),
        ({"label": LABEL}, {}),
    ],
)
def test_set_without_image_and_label_is_refused(write_tfds, data_dir, features, columns):
    rows = {split: [{name: row[name] for name in features} for row in rows] for split, rows in examples(**columns).items()}
    folder = write_tfds.write("other", features, rows)
    with pytest.raises(DataError, match=f"^{folder} is not an image classification set.*its features are {next(iter(features))}"):
        load("other", data_dir)


def test_images_of_sixteen_bits_are_refused(write_tfds, data_dir):
    write_tfds.write("deep", {"image": tfds.features.Image(shape=(4, 4, 1), dtype=np.uint16), "label": LABEL}, examples())
    with pytest.raises(DataError, match=r"are uint16 of shape \(4, 4, 1\): choose a set with uint8 images"):
        load("deep", data_dir)


def test_images_of_different_shapes_are_refused(write_tfds, data_dir):
    features = {"image": tfds.features.Image(shape=(None, None, 1)), "label": LABEL}
    write_tfds.write("ragged", features, examples(image=lambda index: encode_png(np.zeros((4, 4 + index // 6, 1), np.uint8))))
    with pytest.raises(DataError, match=r"different shapes \(\(4, 4, 1\), \(4, 5, 1\)\): choose a set of one shape"):
        load("ragged", data_dir)


def test_unlabelled_split_is_refused(write_tfds, data_dir):
    test = make_split(6)
    write_tfds("tiny", {"train": make_split(12), "test": test._replace(labels=np.full(6, -1))})
    with pytest.raises(DataError, match=r"The split test of .* has labels outside 0 to 2"):
        load("tiny", data_dir)


def test_set_without_train_split_is_refused(write_tfds, data_dir):
    write_tfds("tiny", {"test": make_split(12)})
    with pytest.raises(DataError, match="tiny has the splits test, but a split called train is needed"):
        load("tiny", data_dir)


def test_folder_of_tfrecord_files_says_what_to_do(write_tfds, data_dir):
    folder = write_tfds("tiny", {"train": make_split(12)})
    info = json.loads((folder / "dataset_info.json").read_text()) | {"fileFormat": "tfrecord"}
    (folder / "dataset_info.json").write_text(json.dumps(info))
    with pytest.raises(DataError, match=f"^{folder} holds tfrecord files, which cannot be read without TensorFlow: prepare"):
        load("tiny", data_dir)


@pytest.mark.parametrize("content", ["", "{}", '{"pythonClassName": "no.such.Class"}'])
def test_broken_features_are_reported_with_the_folder(write_tfds, data_dir, content):
    folder = write_tfds("tiny", {"train": make_split(12)})
    (folder / "features.json").write_text(content)
    with pytest.raises(DataError, match=f"The metadata of {folder} cannot be read.*prepare the set again"):
        load("tiny", data_dir)


@pytest.mark.parametrize("damage", ["flipped", "cut inside a block", "cut at a block boundary", "empty", "absent"])
def test_broken_record_file_is_named(write_tfds, data_dir, damage):
    folder = write_tfds("tiny", {"train": make_split(12), "test": make_split(6)}, num_shards=2)
    path = shard(folder, index=1, count=2)
    content = bytearray(path.read_bytes())
    content[150] ^= 1
    damaged = {"flipped": content, "cut inside a block": content[:-7], "cut at a block boundary": content[: 1 << 16], "empty": b""}
    path.unlink()
    if damage in damaged:
        path.write_bytes(damaged[damage])
    with pytest.raises(DataError, match=f"^{path} is broken"):
        load("tiny", data_dir)


@pytest.mark.parametrize("image", [b"", b"not an image", encode_png(np.ones((4, 4, 1), np.uint8))[:-20]])
def test_record_without_a_whole_image_is_named(write_tfds, data_dir, image):
    folder = write_tfds.write("tiny", {"image": IMAGE, "label": LABEL}, examples(image=lambda index: image))
    with pytest.raises(DataError, match=f"^{shard(folder)} holds a broken record"):
        load("tiny", data_dir)


def test_missing_array_record_package_is_explained(write_tfds, data_dir, monkeypatch):
    write_tfds("tiny", {"train": make_split(12)})
    monkeypatch.setitem(sys.modules, "array_record.python.array_record_module", None)
    with pytest.raises(DataError, match="pip install array_record"):
        load("tiny", data_dir)


def test_prepared_folder_is_never_written_to(write_tfds, data_dir):
    write_tfds("tiny", {"train": make_split(12)})
    before = snapshot(data_dir)
    load("tiny", data_dir)
    assert snapshot(data_dir) == before
