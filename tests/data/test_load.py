"""What holds for every set, and what is said where there is none."""

import subprocess
import sys
import types

import numpy as np
import pytest
import tensorflow_datasets as tfds
from data.sets import CLOSED_URL, encode_png, idx_files, idx_source_of, make_split, store_downloads
from tensorflow_datasets.core.download.checksums import UrlInfo
from tensorflow_datasets.core.units import Size

from jaxnorm.data import DATASETS, DataError, images, load, preparation


@pytest.fixture
def tiny_files(monkeypatch, data_dir):
    """Let the sets in MNIST's format be tiny ones that lie in ``data_dir``."""
    files = idx_files(make_split(24, (6, 6, 1), num_classes=10), make_split(6, (6, 6, 1), num_classes=10, seed=1))
    monkeypatch.setattr(images, "idx_source", lambda name: idx_source_of(files, CLOSED_URL, name))
    for name in DATASETS:
        if name != "digits":
            store_downloads(images.idx_source(name), files, data_dir)


@pytest.mark.usefixtures("tiny_files")
@pytest.mark.parametrize("name", DATASETS)
def test_every_set_keeps_the_contract(name, data_dir):
    dataset = load(name, data_dir)
    assert dataset.name == name
    assert dataset.version.count(".") == 2
    shapes = {split.inputs.shape[1:] for split in (dataset.train, dataset.validation, dataset.test)}
    assert len(shapes) == 1
    assert dataset.mean.shape == dataset.std.shape == (shapes.pop()[-1],)
    assert (dataset.std > 0).all()
    assert "\n" not in dataset.source
    assert str(data_dir) not in dataset.source
    for split in (dataset.train, dataset.validation, dataset.test):
        assert (split.inputs.dtype, split.labels.dtype) == (np.uint8, np.int32)
        assert len(split.inputs) == len(split.labels) > 0
        assert split.labels.min() >= 0
        assert split.labels.max() < dataset.num_classes
        assert split.inputs.max() <= dataset.scale


@pytest.mark.usefixtures("tiny_files")
@pytest.mark.parametrize("name", DATASETS)
def test_every_set_loads_silently_and_twice_the_same(name, data_dir, capfd):
    first, second = load(name, data_dir), load(name, str(data_dir))
    np.testing.assert_equal(first.train, second.train)
    assert capfd.readouterr() == ("", "")


def test_prepared_set_loads_silently(write_tfds, data_dir, capfd):
    write_tfds("tiny", {"train": make_split(12)})
    load("tiny", data_dir)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("name", "near"), [("mnits", "mnist"), ("MNIST", "mnist"), ("digit", "digits"), ("cifar_10", "cifar10")])
def test_unknown_set_suggests_near_names(name, near, data_dir):
    with pytest.raises(DataError, match=rf"^No data set is called '{name}'.*did you mean .*\b{near}\b"):
        load(name, data_dir)


def test_unknown_set_without_near_names_says_what_is_allowed(data_dir):
    with pytest.raises(DataError, match=r"^No data set is called 'qqqqq'.*use digits, mnist, or another name"):
        load("qqqqq", data_dir)


def test_absent_set_without_tensorflow_says_how_to_get_it(data_dir, monkeypatch):
    monkeypatch.setattr(preparation.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DataError, match=rf"^cifar10 is not prepared in {data_dir}.*TFDS_DATA_DIR.*pip install 'jaxnorm\[tfds\]'"):
        load("cifar10", data_dir)


class FakeBuilder:
    """What ``tfds.builder`` would return where TensorFlow is installed."""

    name = "cifar10"

    def __init__(self, write_tfds, features, url=CLOSED_URL, failure=None):
        self.write_tfds, self.failure = write_tfds, failure
        self.info = types.SimpleNamespace(features=tfds.features.FeaturesDict(features), supervised_keys=None)
        self.url_infos = {url: UrlInfo(size=Size(1), checksum="00" * 32, filename="file")}

    def download_and_prepare(self, *, file_format):
        assert file_format == "array_record"
        if self.failure is not None:
            raise self.failure
        self.data_dir = str(self.write_tfds("cifar10", {"train": make_split(12, (4, 4, 3))}, version="3.0.2"))


IMAGE_FEATURES = {"image": tfds.features.Image(shape=(4, 4, 3)), "label": tfds.features.ClassLabel(num_classes=3)}


@pytest.fixture
def with_tensorflow(monkeypatch, write_tfds):
    """Pretend that TensorFlow is installed and that TFDS's builder is a fake one."""

    def pretend(features=IMAGE_FEATURES, **options):
        tensorflow = types.ModuleType("tensorflow")
        tensorflow.errors = types.SimpleNamespace(OpError=type("OpError", (Exception,), {}))  # pyright: ignore[reportAttributeAccessIssue]
        builder = FakeBuilder(write_tfds, features, **options)
        monkeypatch.setitem(sys.modules, "tensorflow", tensorflow)
        monkeypatch.setattr(preparation.importlib.util, "find_spec", lambda name: object())
        monkeypatch.setattr(tfds, "builder", lambda name, data_dir: builder)

    return pretend


def test_absent_set_is_prepared_where_tensorflow_is_installed(with_tensorflow, data_dir, serve):
    with_tensorflow(url=serve({"file": b"x"}) + "file")
    dataset = load("cifar10", data_dir)
    assert (dataset.version, dataset.train.inputs.shape) == ("3.0.2", (8, 4, 4, 3))


def test_preparation_without_network_stops_before_tfds_retries(with_tensorflow, data_dir):
    with_tensorflow(failure=pytest.fail.Exception("TFDS was asked to download"))
    with pytest.raises(DataError, match=f"^Could not download {CLOSED_URL}.*no connection.*TFDS_DATA_DIR"):
        load("cifar10", data_dir)


def test_preparation_of_a_set_without_images_stops_before_the_download(with_tensorflow, data_dir):
    with_tensorflow({"text": tfds.features.Text()})
    with pytest.raises(DataError, match=r"^cifar10 is not an image classification set"):
        load("cifar10", data_dir)


@pytest.mark.parametrize("failure", [OSError("disk full"), AssertionError("Manual download\nis required"), ImportError("no beam")])
def test_failed_preparation_is_one_sentence(with_tensorflow, data_dir, serve, failure):
    with_tensorflow(url=serve({"file": b"x"}) + "file", failure=failure)
    with pytest.raises(DataError, match=f"^TFDS could not prepare cifar10 in {data_dir}: {str(failure).partition(chr(10))[0]}.$"):
        load("cifar10", data_dir)


@pytest.mark.parametrize("statement", ["import jaxnorm.data", "import jaxnorm.data; jaxnorm.data.load('digits')"])
def test_importing_and_the_default_set_load_nothing_heavy(statement):
    heavy = ("jax", "sklearn", "tensorflow_datasets", "PIL", "requests")
    code = f"import sys; {statement}; print([name for name in {heavy} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_png_encoder_of_these_tests_is_lossless():
    import io

    import PIL.Image

    image = make_split(1, (4, 4, 3)).inputs[0]
    np.testing.assert_array_equal(np.asarray(PIL.Image.open(io.BytesIO(encode_png(image)))), image)
