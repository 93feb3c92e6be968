"""The embedded set, against scikit-learn's own reader."""

import gzip
import importlib.util
from typing import Any

import numpy as np
import pytest
from helpers import EXACT_TOLERANCE

from jaxnorm.data import DataError, load
from jaxnorm.data import digits as digits_module


def test_digits_equal_scikit_learn_in_the_documented_order():
    from sklearn.datasets import load_digits

    oracle: Any = load_digits()
    digits = load("digits")
    order = np.concatenate([np.arange(1437), np.arange(1437, 1797, 2), np.arange(1438, 1797, 2)])
    images = np.concatenate([split.inputs for split in (digits.train, digits.validation, digits.test)])
    labels = np.concatenate([split.labels for split in (digits.train, digits.validation, digits.test)])
    np.testing.assert_array_equal(images[..., 0], oracle.images[order])
    np.testing.assert_array_equal(labels, oracle.target[order])


def test_digits_standardise_to_zero_mean_and_unit_deviation():
    digits = load("digits")
    standardised = (digits.train.inputs / digits.scale - digits.mean) / digits.std
    assert abs(standardised.mean()) < EXACT_TOLERANCE
    assert standardised.std() == pytest.approx(1.0, rel=EXACT_TOLERANCE)


def test_digits_without_scikit_learn_say_what_to_install(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DataError, match="pip install scikit-learn"):
        load("digits")


BROKEN_TABLES = [b"", b"1,2\n3,4\n", b"1,2\n3\n", b"a,b\n", b"\xff"]
BROKEN_FILES = {
    "empty": b"",
    "not gzip": b"no gzip",
    "cut off": gzip.compress(b"1,2\n" * 99)[:-9],
    **{f"table {table!r}": gzip.compress(table) for table in BROKEN_TABLES},
}


@pytest.mark.parametrize("content", BROKEN_FILES.values(), ids=BROKEN_FILES)
def test_digits_from_a_broken_file_name_the_file(content, tmp_path, monkeypatch):
    path = tmp_path / "digits.csv.gz"
    path.write_bytes(content)
    monkeypatch.setattr(digits_module, "_find_file", lambda: path)
    with pytest.raises(DataError, match=f"^{path}.*install scikit-learn again"):
        load("digits")
