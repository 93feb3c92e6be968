"""MNIST's own format: the files, their order, their downloads."""

import gzip

import numpy as np
import pytest
from data.sets import CLOSED_URL, encode_idx, idx_files, idx_source_of, make_split, snapshot, store_downloads
from tensorflow_datasets.core.hashing import Hasher

from jaxnorm.data import DataError, images, load
from jaxnorm.data.mnist import IDX_SETS, idx_source, read_idx, read_idx_set, tfds_order

TRAIN, TEST = make_split(12, (5, 4, 1), num_classes=10), make_split(6, (5, 4, 1), num_classes=10, seed=1)
FILES = idx_files(TRAIN, TEST)


@pytest.fixture
def registered(monkeypatch):
    """Let MNIST be the tiny files, registered at the address returned by the argument."""

    def register(url=CLOSED_URL, files=FILES):
        source = idx_source_of(files, url)
        monkeypatch.setattr(images, "idx_source", lambda name: source)
        return source

    return register


def assert_is_the_tiny_set(dataset):
    order, test_order = tfds_order("train", 12), tfds_order("test", 6)
    np.testing.assert_array_equal(np.concatenate([dataset.train.inputs, dataset.validation.inputs]), TRAIN.inputs[order])
    np.testing.assert_array_equal(np.concatenate([dataset.train.labels, dataset.validation.labels]), TRAIN.labels[order])
    np.testing.assert_array_equal(dataset.test.inputs, TEST.inputs[test_order])
    np.testing.assert_array_equal(dataset.test.labels, TEST.labels[test_order])
    assert len(dataset.validation.labels) == 2


@pytest.mark.parametrize("shape", [(7,), (3, 2), (4, 3, 2)])
def test_idx_reads_back_what_was_written(tmp_path, shape):
    values = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    path = tmp_path / "values.gz"
    path.write_bytes(encode_idx(values))
    np.testing.assert_array_equal(read_idx(path), values)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no gzip",
        encode_idx(np.zeros((9, 9)))[:-5],
        gzip.compress(b"\0\0"),
        gzip.compress(b"\0\0\x08\x01\0\0\0\x05abcd"),
        gzip.compress(b"\0\0\x08\x01\0\0\0\x05abcdef"),
        gzip.compress(b"\0\0\x0d\x01\0\0\0\x04abcd"),
        gzip.compress(b"\x01\0\x08\x01\0\0\0\x04abcd"),
        None,
    ],
    ids=["empty", "no gzip", "cut off", "no header", "too short", "too long", "wrong type", "wrong magic", "absent"],
)
def test_broken_idx_file_is_named(tmp_path, content):
    path = tmp_path / "values.gz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=f"^{path} is not .*IDX file.*: delete it to download it again"):
        read_idx(path)


@pytest.mark.parametrize("split", ["train", "test"])
def test_order_is_that_of_tfds(split):
    hasher = Hasher(split)
    np.testing.assert_array_equal(tfds_order(split, 500), sorted(range(500), key=hasher.hash_key))


@pytest.mark.parametrize("name", IDX_SETS)
def test_registered_files_are_the_four_that_are_read(name):
    source = idx_source(name)
    assert {url.removeprefix(source.url) for url in source.url_infos} == set(FILES)
    assert source.version.count(".") == 2


def test_stored_downloads_are_used_without_network_and_without_writing(registered, data_dir):
    store_downloads(registered(), FILES, data_dir)
    before = snapshot(data_dir)
    assert_is_the_tiny_set(load("mnist", data_dir))
    assert snapshot(data_dir) == before


def test_downloads_of_older_tfds_are_found(registered, data_dir):
    for path in store_downloads(registered(), FILES, data_dir):
        path.rename(data_dir / "downloads" / path.name)
    assert_is_the_tiny_set(load("mnist", data_dir))


def test_mnist_has_its_customary_statistics_and_its_relatives_their_own(registered, data_dir):
    store_downloads(registered(), FILES, data_dir)
    mnist = load("mnist", data_dir)
    np.testing.assert_array_equal([mnist.mean, mnist.std], np.array([[0.1307], [0.3081]], np.float32))
    assert load("mnist:3.0.1", data_dir).mean == mnist.mean


def test_missing_files_are_downloaded_to_where_tfds_keeps_them(registered, data_dir, serve, tmp_path):
    source = registered(serve(FILES))
    assert_is_the_tiny_set(load("mnist", data_dir))
    stored = tmp_path / "stored"
    expected = {path.name for path in store_downloads(source, FILES, stored)}
    assert {path.name for path in (data_dir / "downloads" / "mnist").glob("*.gz")} == expected


def test_download_creates_the_default_folder(registered, serve, tmp_path):
    registered(serve(FILES))
    assert_is_the_tiny_set(load("mnist"))
    assert (tmp_path / "home" / "tensorflow_datasets" / "downloads" / "mnist").is_dir()


def test_only_missing_files_are_downloaded(registered, data_dir, serve):
    name = next(iter(FILES))
    source = registered(serve({name: FILES[name]}))
    store_downloads(source, FILES, data_dir)[0].unlink()
    assert_is_the_tiny_set(load("mnist", data_dir))


def test_download_with_a_wrong_checksum_is_refused(registered, data_dir, serve):
    changed = {name: content + b"\0" for name, content in FILES.items()}
    registered(serve(changed))
    with pytest.raises(DataError, match=r"^A download is broken .*wrong checksum.*try again later"):
        load("mnist", data_dir)


def test_file_that_the_server_lacks_is_reported(registered, data_dir, serve):
    registered(serve({}))
    with pytest.raises(DataError, match=r"^Could not download http.*404.*connect to the network"):
        load("mnist", data_dir)


def test_absent_network_is_reported_with_the_place_for_the_file(registered, data_dir):
    registered(CLOSED_URL)
    with pytest.raises(DataError, match=rf"^Could not download {CLOSED_URL}.*no connection.*put the file at {data_dir / 'downloads'}"):
        load("mnist", data_dir)


def test_folder_that_cannot_be_written_is_reported(registered, data_dir, serve):
    registered(serve(FILES))
    (data_dir / "downloads").write_text("a file where a folder should be")
    with pytest.raises(DataError, match=f"^Could not download mnist into {data_dir / 'downloads'}"):
        load("mnist", data_dir)


@pytest.mark.parametrize("keep", [0, 20, None])
def test_broken_stored_download_is_named(registered, data_dir, keep):
    path = store_downloads(registered(), FILES, data_dir)[2]
    content = path.read_bytes()
    path.write_bytes(content[:keep] if keep is not None else content[:-1] + b"\xff")
    with pytest.raises(DataError, match=f"^The downloaded file {path} is broken.*delete it to download it again"):
        load("mnist", data_dir)


def test_images_and_labels_of_different_number_are_refused(data_dir):
    files = FILES | {"t10k-labels-idx1-ubyte.gz": encode_idx(TEST.labels[:-1])}
    source = idx_source_of(files, CLOSED_URL)
    store_downloads(source, files, data_dir)
    with pytest.raises(DataError, match=r"do not belong together"):
        read_idx_set(source, data_dir)


def test_prepared_folder_comes_before_the_original_files(write_tfds, data_dir, monkeypatch):
    monkeypatch.setattr(images, "idx_source", lambda name: pytest.fail("looked for the original files"))
    write_tfds("mnist", {"train": TRAIN, "test": TEST}, num_classes=10, version="3.0.1")
    np.testing.assert_array_equal(load("mnist", data_dir).test.inputs, TEST.inputs)


def test_tfrecord_folder_is_passed_over_for_the_original_files(write_tfds, registered, data_dir):
    folder = write_tfds("mnist", {"train": TRAIN, "test": TEST}, num_classes=10, version="3.0.1")
    info = folder / "dataset_info.json"
    info.write_text(info.read_text().replace('"array_record"', '"tfrecord"'))
    store_downloads(registered(), FILES, data_dir)
    assert_is_the_tiny_set(load("mnist", data_dir))
