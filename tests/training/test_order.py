"""Which batches an epoch consists of."""

import jax
import numpy as np
import pytest

from jaxnorm.training import fixed, shuffled

LABELS = np.arange(22) % 3
KEY = jax.random.key(5)


@pytest.mark.parametrize("order", [shuffled, fixed])
def test_order_visits_no_example_twice_and_fills_every_batch(order):
    batches = np.asarray(order(KEY, 1, LABELS, 4))
    assert batches.shape == (5, 4)
    assert len(set(batches.ravel())) == 20


def test_shuffled_order_changes_from_epoch_to_epoch_and_fixed_does_not():
    assert (shuffled(KEY, 1, LABELS, 4) != shuffled(KEY, 2, LABELS, 4)).any()
    np.testing.assert_array_equal(fixed(KEY, 1, LABELS, 4), fixed(KEY, 2, LABELS, 4))


@pytest.mark.parametrize("order", [shuffled, fixed])
def test_order_belongs_to_the_network(order):
    assert (order(KEY, 1, LABELS, 4) != order(jax.random.key(6), 1, LABELS, 4)).any()
