"""Which batches an epoch consists of."""

import jax
import numpy as np
import pytest

from jaxnorm.training import fixed, shuffled, sorted_by_class

LABELS = np.arange(22) % 3
KEY = jax.random.key(5)


@pytest.mark.parametrize("order", [shuffled, fixed, sorted_by_class])
def test_order_visits_no_example_twice_and_fills_every_batch(order):
    batches = np.asarray(order(KEY, 1, LABELS, 4))
    assert batches.shape == (5, 4)
    assert len(set(batches.ravel())) == 20


def test_shuffled_order_changes_from_epoch_to_epoch_and_fixed_does_not():
    assert (shuffled(KEY, 1, LABELS, 4) != shuffled(KEY, 2, LABELS, 4)).any()
    np.testing.assert_array_equal(fixed(KEY, 1, LABELS, 4), fixed(KEY, 2, LABELS, 4))


def test_sorted_batches_are_of_one_class_as_far_as_classes_fill_them():
    labels = np.arange(300) % 3
    classes = labels[np.asarray(sorted_by_class(KEY, 1, labels, 8))]
    assert (classes.min(axis=1) != classes.max(axis=1)).sum() <= 2  # one batch between each class and the next
    assert (labels[np.asarray(shuffled(KEY, 1, labels, 8))].std(axis=1) > 0).all()


def test_sorted_batches_themselves_are_shuffled_anew_every_epoch():
    labels = np.arange(300) % 3
    first, second = (np.asarray(sorted_by_class(KEY, epoch, labels, 10)) for epoch in (1, 2))
    assert (first != second).any()
    for batches in (first, second):
        assert (np.diff(labels[batches[:, 0]]) != 0).sum() > 6  # one class after the other would change twice
    assert {frozenset(batch) for batch in first.tolist()} != {frozenset(batch) for batch in second.tolist()}


def test_examples_left_out_of_sorted_batches_are_of_any_class():
    labels = np.repeat([0, 1], 15)  # 2 of 30 are left out
    left_out = [set(range(30)) - set(np.asarray(sorted_by_class(KEY, epoch, labels, 4)).ravel().tolist()) for epoch in range(12)]
    assert {int(labels[example]) for each in left_out for example in each} == {0, 1}


@pytest.mark.parametrize("order", [shuffled, fixed, sorted_by_class])
def test_order_belongs_to_the_network(order):
    assert (order(KEY, 1, LABELS, 4) != order(jax.random.key(6), 1, LABELS, 4)).any()
