"""Names, data folders and the choice of a version."""

import pytest
from data.sets import make_split

from jaxnorm.data import DataError, load
from jaxnorm.data.folders import Request, find_data_dir, find_prepared, identity, parse_name, stored_formats


@pytest.mark.parametrize(
    ("name", "request_"),
    [
        ("mnist", Request("mnist", None)),
        ("emnist/letters", Request("emnist/letters", None)),
        ("mnist:3.0.1", Request("mnist", "3.0.1")),
        ("imagenet_resized/32x32:0.1.0", Request("imagenet_resized/32x32", "0.1.0")),
    ],
)
def test_name_parses_into_set_and_version(name, request_):
    assert parse_name(name) == request_


@pytest.mark.parametrize("name", ["", "../mnist", "mnist/..", "mnist:", "mnist:3", "a/b/c", "mnist ", "/mnist", "huggingface:mnist"])
def test_malformed_name_is_refused_with_examples(name):
    with pytest.raises(DataError, match="is not the name of a data set: write digits, or a TFDS name"):
        load(name)


def test_data_dir_comes_from_argument_then_environment_then_home(tmp_path, monkeypatch):
    argument, environment = tmp_path / "argument", tmp_path / "environment"
    assert find_data_dir(None) == tmp_path / "home" / "tensorflow_datasets"
    environment.mkdir()
    monkeypatch.setenv("TFDS_DATA_DIR", str(environment))
    assert find_data_dir(None) == environment
    argument.mkdir()
    assert find_data_dir(argument) == argument


def test_data_dir_that_does_not_exist_is_named(tmp_path, monkeypatch):
    absent = tmp_path / "absent"
    with pytest.raises(DataError, match=f"^data_dir is {absent}, which is not a folder"):
        load("mnist", absent)
    monkeypatch.setenv("TFDS_DATA_DIR", str(absent))
    with pytest.raises(DataError, match=f"^TFDS_DATA_DIR is {absent}, which is not a folder"):
        load("mnist")


def test_newest_version_is_chosen_by_number(write_tfds, data_dir):
    for version in ("9.0.0", "10.0.0", "2.0.0"):
        write_tfds("tiny", {"train": make_split(12)}, version=version)
    assert find_prepared(data_dir, Request("tiny", None)) == data_dir / "tiny" / "10.0.0"
    assert find_prepared(data_dir, Request("tiny", "2.0.0")) == data_dir / "tiny" / "2.0.0"


def test_absent_version_lists_those_present(write_tfds, data_dir):
    write_tfds("tiny", {"train": make_split(12)}, version="1.2.3")
    with pytest.raises(DataError, match=r"tiny has no version 1\.0\.0: name one of 1\.2\.3"):
        load("tiny:1.0.0", data_dir)


def test_set_with_configurations_asks_for_one(write_tfds, data_dir):
    for config in ("red", "blue"):
        write_tfds(f"tiny/{config}", {"train": make_split(12)})
    with pytest.raises(DataError, match="name one of tiny/blue, tiny/red"):
        load("tiny", data_dir)
    assert load("tiny/red", data_dir).name == "tiny/red"


def test_unfinished_folder_counts_as_absent(write_tfds, data_dir):
    folder = write_tfds("tiny", {"train": make_split(12)})
    (folder / "features.json").unlink()
    assert find_prepared(data_dir, Request("tiny", None)) is None


@pytest.mark.parametrize("content", ["", "[]", "{"])
def test_broken_dataset_info_is_named(write_tfds, content):
    folder = write_tfds("tiny", {"train": make_split(12)})
    (folder / "dataset_info.json").write_text(content)
    with pytest.raises(DataError, match=f"^{folder / 'dataset_info.json'} cannot be read"):
        stored_formats(folder)


def test_identity_changes_with_the_folder_and_with_any_file(write_tfds):
    splits = {"train": make_split(12)}
    first, second = write_tfds("tiny", splits), write_tfds("tiny", splits, version="1.0.1")
    before = identity(first)
    assert before == identity(first) != identity(second)
    records = first / "tiny-train.array_record-00000-of-00001"
    records.write_bytes(records.read_bytes() + b"\0")
    assert identity(first) != before
