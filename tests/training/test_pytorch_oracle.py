"""PyTorch as an independent oracle: from the same weights, on the same batches, it must train to the same losses."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from common_training import make_replicas
from helpers import jit_as_for_users

from jaxnorm.data import load
from jaxnorm.models import MLP
from jaxnorm.norms import NORMS
from jaxnorm.training import OPTIMIZERS, Data, Split, make_train
from jaxnorm.training.loop import replica_keys

torch = pytest.importorskip("torch", reason="PyTorch is not installed (extra bench)")
torch.set_num_threads(1)  # these products are too small to be shared out

BATCH_SIZE, EPOCHS, MOMENTUM, EPSILON = 16, 2, 0.9, 1e-5
LOSS_TOLERANCE = 2e-4  # relative; rounding differs, and 178 updates amplify it

RUNNING_MEAN_CAVEAT = """Pixels that are constant over the digits act as a bias, whose gradient before BatchNorm is 0 up to rounding. Adam
divides that rounding by its own size and takes full steps along it. BatchNorm hides such a shift from training, but in evaluation the
running mean lags behind it, and the two libraries' rounding differs: only training losses can be compared there."""


def torch_model(norm, params):
    layers = {"batch": torch.nn.BatchNorm1d(32, EPSILON, 1 - MOMENTUM), "layer": torch.nn.LayerNorm(32, EPSILON)}
    first, last = torch.nn.Linear(64, 32, bias=norm != "batch"), torch.nn.Linear(32, 10)
    model = torch.nn.Sequential(first, layers.get(norm, torch.nn.Identity()), torch.nn.ReLU(), last)
    with torch.no_grad():
        for layer, name in ((first, "dense_0"), (last, "logits")):
            layer.weight.copy_(torch.from_numpy(np.asarray(params[name]["kernel"]).T.copy()))
            if layer.bias is not None:
                layer.bias.zero_()
    return model


@pytest.mark.parametrize("norm", ["batch", "layer", "none"])
@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
def test_training_equals_pytorch_from_the_same_start(norm, optimizer):
    dataset = load("digits")
    splits = (Split(split.inputs, split.labels) for split in (dataset.train, dataset.validation, dataset.test))
    data = jax.device_put(Data(*splits, dataset.scale * dataset.mean, dataset.scale * dataset.std))
    options = {"momentum": MOMENTUM, "epsilon": EPSILON, "unbiased_variance": True}
    model = MLP(num_classes=10, norm=NORMS[norm].with_options(**options), hidden_sizes=(32,))
    train = make_train(model, OPTIMIZERS[optimizer](weight_decay=0.0, sgd_momentum=0.9), BATCH_SIZE)
    replica = jax.tree.map(lambda leaf: leaf[0], make_replicas([5], learning_rate=1e-3))
    start, _ = train.start(replica, data)
    _, ours = jit_as_for_users(train.advance)((replica, start), (jnp.arange(1, EPOCHS + 1), data))

    network = torch_model(norm, start.params)
    rules = {
        "adam": lambda params: torch.optim.Adam(params, lr=1e-3),
        "adamw": lambda params: torch.optim.AdamW(params, lr=1e-3, weight_decay=0.0),
        "sgd": lambda params: torch.optim.SGD(params, lr=1e-3, momentum=0.9),
    }
    theirs = [torch_epoch(network, rule, dataset, replica, epoch) for rule in [rules[optimizer](network.parameters())] for epoch in (1, 2)]
    np.testing.assert_allclose(ours["train_loss"], [train_loss for train_loss, _ in theirs], rtol=LOSS_TOLERANCE)
    if norm == "batch" and optimizer != "sgd":
        return  # see RUNNING_MEAN_CAVEAT
    np.testing.assert_allclose(ours["validation_loss"], [validation_loss for _, validation_loss in theirs], rtol=LOSS_TOLERANCE)


def torch_epoch(network, rule, dataset, replica, epoch):
    """One epoch in the order that the replica takes; training loss over its updates, validation loss after it."""
    images, labels = torch_split(dataset, dataset.train)
    order = np.asarray(jax.random.permutation(jax.random.fold_in(replica_keys(replica).order, epoch), len(labels)))
    losses = []
    network.train()
    for first in range(0, len(labels) - BATCH_SIZE + 1, BATCH_SIZE):
        index = torch.from_numpy(order[first : first + BATCH_SIZE].copy())
        rule.zero_grad()
        loss = torch.nn.functional.cross_entropy(network(images[index]), labels[index])
        loss.backward()
        rule.step()
        losses.append(loss.item())
    network.eval()
    with torch.no_grad():
        images, labels = torch_split(dataset, dataset.validation)
        return np.mean(losses), torch.nn.functional.cross_entropy(network(images), labels).item()


def torch_split(dataset, split):
    images = (split.inputs.reshape(len(split.labels), -1) / np.float32(dataset.scale) - dataset.mean) / dataset.std
    return torch.from_numpy(images.astype(np.float32)), torch.from_numpy(split.labels.astype(np.int64))
