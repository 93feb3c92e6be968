"""Many replicas are each exactly the one replica they would be alone."""

import functools

import jax
import numpy as np
import pytest
from common_training import make_arm, make_data, make_replicas
from compiling import USERS

from jaxnorm.training import Replica, compile_programs, gather, make_mesh, run_groups, run_replicas
from jaxnorm.training import replicas as replicas_module
from jaxnorm.training.replicas import MAPPED_PER_DEVICE, largest_divisor, mapped_group_size

VMAP_TOLERANCE = 2e-4  # batched products sum in another order; 20 Adam updates amplify the last bit


@pytest.fixture
def as_for_users(monkeypatch):
    """Programs compiled with all of XLA's optimizations."""
    monkeypatch.setattr(replicas_module, "FAST", replicas_module.FAST | USERS)
    prepare.cache_clear()
    yield
    prepare.cache_clear()


@functools.cache
def prepare(number, epochs, norm, batched):
    """Programs and data, shared by the tests."""
    mesh = make_mesh()
    data = jax.device_put(make_data(), jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec()))
    return compile_programs(make_arm(norm), number, epochs, data, mesh, batched=batched), data


def run(replicas, *, epochs=3, norm="batch", batched=None):
    programs, data = prepare(len(replicas.seed), epochs, norm, batched)
    return run_replicas(programs, replicas, epochs, data)


@pytest.mark.usefixtures("as_for_users")
def test_replica_alone_equals_itself_among_others():
    alone, among = run(make_replicas([7])), run(make_replicas(range(32)))
    for name, values in among.metrics.items():
        np.testing.assert_array_equal(values[7], alone.metrics[name][0], err_msg=name)


def test_replicas_batched_agree_with_mapped():
    mapped, batched = (run(make_replicas(range(5)), batched=batched) for batched in (False, True))
    for name, values in mapped.metrics.items():
        np.testing.assert_allclose(values, batched.metrics[name], atol=VMAP_TOLERANCE, err_msg=name)


def test_replicas_differ_by_seed_learning_rate_and_init_scale():
    replicas = Replica(np.uint32([0, 1, 0, 0]), np.float32([0.01, 0.01, 0.02, 0.01]), np.float32([1, 1, 1, 3]))
    losses = run(replicas, norm="none").metrics["train_loss"]
    assert len({tuple(row) for row in losses.tolist()}) == 4
    alone = run(Replica(*(leaf[3:] for leaf in replicas)), norm="none").metrics["train_loss"]
    np.testing.assert_array_equal(losses[3], alone[0])


def test_replica_is_untouched_by_its_neighbours():
    calm = make_replicas(range(5))
    rates = calm.learning_rate.copy()
    rates[2] = 10.0
    for batched in (False, True):
        before, after = run(calm, batched=batched).metrics, run(calm._replace(learning_rate=rates), batched=batched).metrics
        for name in before:
            np.testing.assert_array_equal(before[name][[0, 1, 3, 4]], after[name][[0, 1, 3, 4]], err_msg=name)
        assert (before["train_loss"][2] != after["train_loss"][2]).any()


def test_history_has_every_metric_of_every_epoch_and_replica():
    progress = []
    mesh, data = make_mesh(), make_data()
    programs = compile_programs(make_arm(), 5, 20, data, mesh)
    assert programs.epochs_per_call == 2
    history = run_replicas(programs, make_replicas(range(5)), 20, data, progress.append)
    shapes = {name: values.shape for name, values in history.metrics.items()}
    curves = {f"{split}_{quantity}": (5, 20) for split in ("train", "validation") for quantity in ("loss", "accuracy")}
    assert shapes == curves | {"test_loss": (5, 1), "test_accuracy": (5, 1)}
    assert sum(progress) == 5 * 20
    assert all(seconds > 0 for seconds in history.seconds)


def test_groups_come_one_by_one_and_make_up_the_history():
    programs, data = prepare(11, 3, "batch", False)
    replicas = make_replicas(range(11))
    groups = run_groups(programs, replicas, 3, data)
    first = next(groups)
    assert first.networks == programs.group_size < 11
    rest = list(groups)
    assert sum(group.networks for group in rest) == 11 - first.networks
    later = run_replicas(programs, Replica(*(leaf[first.networks :] for leaf in replicas)), 3, data)
    for name, values in gather([first, *rest]).metrics.items():
        np.testing.assert_array_equal(values, np.concatenate([first.metrics[name], later.metrics[name]]), err_msg=name)


def test_epochs_dispatched_together_equal_epochs_dispatched_one_by_one():
    together, single = run(make_replicas([3]), epochs=20).metrics, run(make_replicas([3]), epochs=7).metrics
    np.testing.assert_array_equal(together["train_loss"][:, :7], single["train_loss"])


def test_data_are_arguments_of_the_program_not_constants():
    data, replica = make_data(num_train=2000), jax.tree.map(lambda leaf: leaf[0], make_replicas([0]))
    train = make_arm()
    state, _ = train.start(replica, data)
    program = jax.make_jaxpr(train.advance)((replica, state), (np.arange(2), data))
    assert sum(np.size(constant) for constant in program.consts) < 100


@pytest.mark.parametrize("devices", [1, 2, 8])
def test_mapped_group_size_pads_as_little_as_possible(devices):
    for replicas in range(1, 70):
        size = mapped_group_size(replicas, devices)
        assert size % devices == 0
        assert size <= MAPPED_PER_DEVICE * devices
        assert -replicas % size == -replicas % devices


@pytest.mark.parametrize(("number", "at_most", "expected"), [(10, 1, 1), (20, 2, 2), (7, 0, 1), (100, 10, 10), (23, 2, 1), (36, 5, 4)])
def test_largest_divisor(number, at_most, expected):
    assert largest_divisor(number, at_most) == expected
