"""The real MNIST, where TFDS_DATA_DIR names a folder with it: both ways of reading it give the same arrays."""

import numpy as np
import pytest
from data.sets import snapshot

from jaxnorm.data import load


@pytest.fixture(scope="module")
def both_ways(real_data_dir, tmp_path_factory):
    """MNIST from the prepared folder, from the original files, and whether the folder was left as it was."""
    if not (real_data_dir / "downloads" / "mnist").is_dir():
        pytest.skip("TFDS_DATA_DIR holds no downloads of MNIST")
    only_downloads = tmp_path_factory.mktemp("only_downloads")
    (only_downloads / "downloads").symlink_to(real_data_dir / "downloads")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAXNORM_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        before = snapshot(real_data_dir)
        prepared, original = load("mnist", real_data_dir), load("mnist", only_downloads)
    return prepared, original, snapshot(real_data_dir) == before


def test_mnist_is_the_same_from_prepared_folder_and_original_files(both_ways):
    prepared, original, _ = both_ways
    assert prepared.source != original.source
    for name in ("train", "validation", "test"):
        np.testing.assert_array_equal(getattr(prepared, name).inputs, getattr(original, name).inputs)
        np.testing.assert_array_equal(getattr(prepared, name).labels, getattr(original, name).labels)


def test_mnist_has_its_sizes_and_its_customary_statistics(both_ways):
    mnist = both_ways[0]
    assert mnist.train.inputs.shape == (50_000, 28, 28, 1)
    assert mnist.validation.inputs.shape == mnist.test.inputs.shape == (10_000, 28, 28, 1)
    assert (mnist.version, mnist.num_classes, mnist.scale) == ("3.0.1", 10, 255.0)
    pixels = np.concatenate([mnist.train.inputs, mnist.validation.inputs]) / np.float32(mnist.scale)
    # 0.1307 and 0.3081 are the statistics of all 60,000 images to four digits.
    assert round(float(pixels.mean(dtype=np.float64)), 4) == round(float(mnist.mean[0]), 4)
    assert round(float(pixels.std(dtype=np.float64)), 4) == round(float(mnist.std[0]), 4)


def test_reading_mnist_leaves_its_folder_as_it_was(both_ways):
    assert both_ways[2]
