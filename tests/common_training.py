"""A tiny learnable data set and one arm's training."""

import jax
import numpy as np

from jaxnorm.models import MLP
from jaxnorm.norms import NORMS
from jaxnorm.training import OPTIMIZERS, Data, Replica, Split, make_train


def make_data(num_train=40, num_validation=12, num_test=8):
    """Images of two brightnesses, labelled by brightness."""
    rng = np.random.default_rng(0)

    def split(number):
        labels = rng.integers(0, 2, number).astype(np.int32)
        images = rng.integers(0, 100, (number, 4, 4, 1)) + 100 * labels[:, None, None, None]
        return Split(images.astype(np.uint8), labels)

    return jax.device_put(Data(split(num_train), split(num_validation), split(num_test), np.float32([100.0]), np.float32([60.0])))


def make_arm(norm="batch", batch_size=8, optimizer="adam", weight_decay=0.0):
    model = MLP(num_classes=2, norm=NORMS[norm], hidden_sizes=(16,))
    return make_train(model, OPTIMIZERS[optimizer](weight_decay=weight_decay, sgd_momentum=0.9), batch_size)


def make_replicas(seeds, learning_rate=0.01, init_scale=1.0):
    seeds = np.asarray(seeds, np.uint32)
    return Replica(seeds, *(np.broadcast_to(np.float32(value), seeds.shape) for value in (learning_rate, init_scale)))
