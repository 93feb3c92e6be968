"""Parts of an arm survive what interrupts it, and are used once."""

import numpy as np
import pytest

from jaxnorm.experiments import parts
from jaxnorm.experiments.command_line import UsageError
from jaxnorm.experiments.parts import Parts
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
    Parts(stem, resume=True).remove()
    Parts(stem, resume=False)
    assert Parts(stem.with_name("batch-16-control"), resume=True).networks == 2


def test_parts_are_removed_where_nothing_is_resumed(stem):
    with pytest.raises(KeyboardInterrupt):
        Parts(stem, resume=True).extend(interrupted(group(0)))
    assert Parts(stem, resume=False).networks == 0
    assert list(stem.parent.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"PK cut off", b"\x93NUMPY"])
def test_damaged_part_is_named(stem, content):
    stem.with_name("batch-16.part-0.npz").write_bytes(content)
    with pytest.raises(UsageError, match=r"batch-16\.part-0\.npz is not a readable results file; delete it"):
        Parts(stem, resume=True)
