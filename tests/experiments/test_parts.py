"""Parts of an arm survive what interrupts it, and are used once."""

import numpy as np
import pytest

from jaxnorm.experiments import parts
from jaxnorm.experiments.parts import Parts, remove_parts
from jaxnorm.training import Group, gather


def group(first, networks=2, seconds=1.0):
    values = np.arange(first, first + networks, dtype=np.float32)[:, None]
    return Group({"train_loss": values + np.zeros(3, np.float32), "test_accuracy": values}, seconds)


def interrupted(*groups):
    yield from groups
    raise KeyboardInterrupt


@pytest.fixture
def stem(tmp_path):
    return tmp_path / "batch-16"


def test_parts_go_on_where_they_were_interrupted(stem):
    first = Parts(stem, resume=True)
    with pytest.raises(KeyboardInterrupt):
        first.extend(interrupted(group(0), group(2)))
    assert first.networks == 4
    second = Parts(stem, resume=True)
    assert second.networks == 4
    second.extend([group(4, networks=1, seconds=3.0)])
    history = gather(second.groups)
    for name, values in gather([group(0), group(2), group(4, networks=1)]).metrics.items():
        np.testing.assert_array_equal(history.metrics[name], values)
        assert history.metrics[name].dtype == values.dtype
    assert history.seconds == [0.5, 0.5, 3.0]


def test_parts_are_kept_after_so_many_seconds_of_work(stem, monkeypatch):
    monkeypatch.setattr(parts, "KEEP_AFTER", 2.0)
    Parts(stem, resume=True).extend(group(2 * index) for index in range(5))
    assert sorted(path.name for path in stem.parent.iterdir()) == ["batch-16.part-0.npz", "batch-16.part-4.npz"]
    assert Parts(stem, resume=True).networks == 8  # the last two are kept with the whole arm


def test_quick_arms_leave_no_parts(stem):
    Parts(stem, resume=True).extend([group(0), group(2)])
    assert list(stem.parent.iterdir()) == []


def test_parts_of_another_arm_are_left_alone(stem):
    control = Parts(stem.with_name("batch-16-control"), resume=True)
    with pytest.raises(KeyboardInterrupt):
        control.extend(interrupted(group(0)))
    remove_parts(stem)
    Parts(stem, resume=False)
    assert Parts(stem.with_name("batch-16-control"), resume=True).networks == 2


def test_parts_are_removed_where_nothing_is_resumed(stem):
    with pytest.raises(KeyboardInterrupt):
        Parts(stem, resume=True).extend(interrupted(group(0)))
    assert Parts(stem, resume=False).networks == 0
    assert list(stem.parent.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"PK cut off", b"\x93NUMPY"])
def test_part_that_cannot_be_read_is_named_and_not_used(stem, content):
    part = stem.with_name("batch-16.part-0.npz")
    part.write_bytes(content)
    parts = Parts(stem, resume=True)
    assert (parts.networks, parts.damaged) == (0, [part])


def test_any_flipped_bit_of_a_part_is_found_or_changes_nothing(stem):
    with pytest.raises(KeyboardInterrupt):
        Parts(stem, resume=True).extend(interrupted(group(0), group(2)))
    part = stem.with_name("batch-16.part-0.npz")
    whole, expected = part.read_bytes(), gather(Parts(stem, resume=True).groups).metrics
    found = 0
    for byte in range(0, len(whole), 7):
        part.write_bytes(whole[:byte] + bytes([whole[byte] ^ 1 << byte % 8]) + whole[byte + 1 :])
        read = Parts(stem, resume=True)
        found += bool(read.damaged)
        if not read.damaged:
            for name, values in gather(read.groups).metrics.items():
                np.testing.assert_array_equal(values, expected[name])
    assert found > len(whole) / 7 / 2


def test_correct_examples_are_kept_with_the_parts(stem):
    correct = np.uint8([[1, 0, 1], [0, 0, 1]])
    with pytest.raises(KeyboardInterrupt):
        Parts(stem, resume=True).extend(interrupted(group(0)._replace(correct=correct), group(2)._replace(correct=1 - correct)))
    history = gather(Parts(stem, resume=True).groups)
    np.testing.assert_array_equal(history.correct, np.concatenate([correct, 1 - correct]))
    assert history.correct.dtype == np.uint8
