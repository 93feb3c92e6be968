"""The embedded default: 1,797 handwritten digits of 8 x 8 pixels that come with scikit-learn, so that nothing is downloaded.

Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998 (its test set).
"""

import gzip
import importlib.util
import zlib
from pathlib import Path

import numpy as np

from jaxnorm.data.dataset import Dataset, Split, channel_statistics
from jaxnorm.data.errors import DataError, first_line

DIGITS_SCALE = 16.0
_SHAPE = (1797, 65)
_NUM_TRAIN = 1437


def load_digits(data_dir: Path | None = None) -> Dataset:
    """Load the digits: the first 1,437 train; of the other 360, those at even positions validate and those at odd positions test.

    Args:
        data_dir: Ignored; here because every loader takes it.

    Returns:
        Images uint8 ``(N, 8, 8, 1)`` with values 0 to 16, ten classes.

    Raises:
        DataError: scikit-learn is not installed, or its file is broken.
    """
    table = _read_table(_find_file())
    images, labels = table[:, :64].astype(np.uint8).reshape(-1, 8, 8, 1), table[:, 64].astype(np.int32)
    mean, std = channel_statistics(images[:_NUM_TRAIN], DIGITS_SCALE)
    return Dataset(
        name="digits",
        version="1.0.0",
        train=Split(images[:_NUM_TRAIN], labels[:_NUM_TRAIN]),
        validation=Split(images[_NUM_TRAIN::2], labels[_NUM_TRAIN::2]),
        test=Split(images[_NUM_TRAIN + 1 :: 2], labels[_NUM_TRAIN + 1 :: 2]),
        num_classes=10,
        mean=mean,
        std=std,
        scale=DIGITS_SCALE,
        source="digits.csv.gz of scikit-learn: the test set of UCI's Optical Recognition of Handwritten Digits, 1,797 images",
    )


def _find_file() -> Path:
    # Importing sklearn takes seconds; its location is enough.
    package = importlib.util.find_spec("sklearn")
    if package is None or package.origin is None:
        raise DataError("The data set digits comes with scikit-learn, which is not installed: pip install scikit-learn.")
    return Path(package.origin).parent / "datasets" / "data" / "digits.csv.gz"


def _read_table(path: Path) -> np.ndarray:
    """64 pixels and a label in every row: integers ``(1797, 65)``."""
    try:
        with gzip.open(path, "rt", encoding="ascii") as file:
            table = np.array([line.split(",") for line in file], np.float64)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise DataError(f"{path} cannot be read ({first_line(error)}): install scikit-learn again.") from error
    if table.shape != _SHAPE:
        raise DataError(f"{path} holds a table of shape {table.shape} instead of {_SHAPE}: install scikit-learn again.")
    return table
