"""The measures that many instruments have; each has more of its own in its ``claims``."""

from jaxnorm.stats.measures import MIN_EPOCHS_OF_NOISE, Measure, area, epochs_to_converge, noise
from jaxnorm.stats.units import EPOCHS, FRACTION, NATS, POINTS

NOISE = "standard deviation of the changes from epoch to epoch, over the later half of training"
EVALUATED = "after the last epoch, in evaluation mode"

MEASURES = {
    "train_loss_area": Measure(
        "mean training loss", "train_loss", NATS, area, better="lower", definition="over all epochs: lower is faster learning"
    ),
    "train_loss": Measure("final training loss", "train_loss", NATS, better="lower", definition="over the updates of the last epoch"),
    "validation_loss": Measure("final validation loss", "validation_loss", NATS, better="lower", definition=EVALUATED),
    "validation_accuracy": Measure(
        "final validation accuracy", "validation_accuracy", FRACTION, better="higher", margin="accuracy", definition=EVALUATED
    ),
    "test_loss": Measure("test loss", "test_loss", NATS, better="lower", definition=EVALUATED),
    "test_accuracy": Measure("test accuracy", "test_accuracy", FRACTION, better="higher", margin="accuracy", definition=EVALUATED),
    "epochs_to_converge": Measure(
        "epochs to converge",
        "train_loss",
        EPOCHS,
        epochs_to_converge,
        better="lower",
        definition="until the training loss first reaches the convergence loss, between epochs by straight lines; as many as were "
        "trained where it never does",
    ),
    "train_noise": Measure(
        "noise of the training loss", "train_loss", NATS, noise, better="lower", min_epochs=MIN_EPOCHS_OF_NOISE, definition=NOISE
    ),
    "validation_loss_noise": Measure(
        "noise of the validation loss", "validation_loss", NATS, noise, better="lower", min_epochs=MIN_EPOCHS_OF_NOISE, definition=NOISE
    ),
    "validation_noise": Measure(
        "noise of the validation accuracy",
        "validation_accuracy",
        POINTS,
        noise,
        better="lower",
        min_epochs=MIN_EPOCHS_OF_NOISE,
        definition=NOISE,
    ),
}
MAIN_MEASURES = ("train_loss_area", "train_loss", "validation_loss", "validation_accuracy", "test_accuracy", "validation_noise")
"""The measures whose differences a report lists, unless its instrument names others."""
