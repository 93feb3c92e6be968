"""All claims, A1 to F4: what is said of norms, how it is measured, and what decides it. The ledgers beside the plans say it exactly.

``docs/claims.md`` shows this catalogue, and ``python -m jaxnorm.experiments.claims`` shows it with the verdicts of the latest results.
"""

import dataclasses

CLASSIC = "the classic comparison of an MLP under Adam"
ONE_LAYER = "the one-hidden-layer comparison under SGD"
ADVICE = "the usual advice on which norm suits what"
BENEFITS = "the usual list of what BatchNorm does for a network without it"
ADD_NORM = "the usual account of residual connections and norms in Transformers"
BEYOND = "beyond these texts"


@dataclasses.dataclass(frozen=True)
class Listing:
    """A line of the catalogue."""

    id: str
    source: str
    claim: str
    measured_as: str
    """The measure, what it is expected to be, and of what."""
    instruments: tuple[str, ...] = ()
    """The instruments whose ledgers have the claim; none where it is open."""
    test: str = ""
    """Where an exact claim is tested instead."""
    also: tuple[str, ...] = ()
    """Other instruments whose ledgers have the claim."""

    @property
    def decided_by(self) -> str:
        """In words: commands, a test, or that it is open."""
        if self.test:
            return f"exact: a test, {self.test}"
        commands = [f"python -m jaxnorm.experiments.{instrument}" for instrument in self.instruments]
        return " or ".join(commands) or "no instrument yet"


CATALOGUE = (
    Listing(
        "A1",
        CLASSIC,
        "BatchNorm at the large batch size converges fastest and to the lowest loss of BatchNorm and LayerNorm at both sizes",
        "area and final training loss against each other arm: lower",
        ("compare",),
    ),
    Listing(
        "A2",
        CLASSIC,
        "BatchNorm has a higher training loss at the small batch size than at the large at every epoch",
        "training loss at each epoch, small − large: higher",
        ("compare",),
    ),
    Listing(
        "A3",
        CLASSIC,
        "LayerNorm's training loss hardly changes between the batch sizes, while BatchNorm's does",
        "final training loss: BatchNorm's change minus LayerNorm's higher; LayerNorm's change the same",
        ("compare",),
    ),
    Listing(
        "A4",
        CLASSIC,
        "BatchNorm at the large and LayerNorm at the small batch size reach the best validation accuracies",
        "final validation accuracy of both against the other two arms: higher",
        ("compare",),
    ),
    Listing(
        "A5",
        CLASSIC,
        "BatchNorm's validation accuracy is noisier at the small batch size",
        "noise of validation accuracy, small − large: higher",
        ("compare", "batch_size"),
    ),
    Listing(
        "A6",
        CLASSIC,
        "LayerNorm's validation accuracy is smoother than BatchNorm's, most so at the small batch size",
        "noise, BatchNorm − LayerNorm at each size: higher; and more so at the small size",
        ("compare", "batch_size"),
    ),
    Listing(
        "A7",
        CLASSIC,
        "BatchNorm suffers from small batches, LayerNorm does not care",
        "slope of test error on log2 batch size, 2 to 512, at each one's best rate: BatchNorm below 0, LayerNorm the same",
        ("batch_size",),
    ),
    Listing(
        "A8",
        CLASSIC,
        "LayerNorm converges more slowly than BatchNorm at the large batch size",
        "area, LayerNorm − BatchNorm: higher",
        ("compare",),
    ),
    Listing(
        "B1",
        ONE_LAYER,
        "BatchNorm converges faster than LayerNorm and than no norm at the large batch size",
        "area: lower",
        ("compare",),
    ),
    Listing(
        "B2",
        ONE_LAYER,
        "LayerNorm's behaviour does not depend on the batch",
        "output for one example while the others change: the same",
        test="tests/norms/test_table.py",
    ),
    Listing(
        "B3",
        ONE_LAYER,
        "LayerNorm and BatchNorm train differently yet end with similar test accuracy",
        "area: different beyond the margin; test accuracy: the same",
        ("compare",),
    ),
    Listing(
        "B4",
        ONE_LAYER,
        "a bias before BatchNorm is useless",
        "gradient of that bias: exactly 0",
        test="tests/norms/test_table.py",
    ),
    Listing(
        "C1",
        ADVICE,
        "BatchNorm's output for one example depends on the others, LayerNorm's does not",
        "output for one example while the others change: different, and the same",
        test="tests/norms/test_table.py",
    ),
    Listing(
        "C2",
        ADVICE,
        "BatchNorm suits CNNs, LayerNorm suits recurrent networks and Transformers",
        "test accuracy at each one's best rate: BatchNorm − LayerNorm in the CNN minus the same elsewhere higher",
        ("architectures",),
    ),
    Listing(
        "C3",
        ADVICE,
        "BatchNorm becomes unstable where lengths vary and where batches are small",
        "spread between seeds, and batch statistics − running averages in evaluation: higher where lengths vary, or batches are small, "
        "more than LayerNorm's",
        ("sequences", "batch_size"),
    ),
    Listing(
        "C4",
        ADVICE,
        "LayerNorm stays consistent on sequences of varying length, BatchNorm does not",
        "slope of test accuracy over the share of padding: LayerNorm the same, BatchNorm that is not told of padding lower",
        ("sequences",),
    ),
    Listing(
        "D1",
        BENEFITS,
        "BatchNorm trains faster than no norm from the first epoch on",
        "training loss at epoch 1, and area: lower",
        ("compare", "regularisation"),
    ),
    Listing(
        "D2",
        BENEFITS,
        "BatchNorm allows larger learning rates",
        "largest rate at which a seed does not diverge and ends near the lowest loss it reaches at any, as a ratio to no norm's and to "
        "LayerNorm's: above 1",
        ("sensitivity",),
    ),
    Listing(
        "D3",
        BENEFITS,
        "BatchNorm is less sensitive to the scale of initial weights",
        "standard deviation of final training loss over initial scales 0.01 to 100, each at its best rate: lower",
        ("sensitivity",),
    ),
    Listing(
        "D4",
        BENEFITS,
        "BatchNorm's loss curves oscillate less than those of no norm",
        "noise of training and validation loss: lower",
        ("compare", "regularisation"),
    ),
    Listing(
        "D5",
        BENEFITS,
        "BatchNorm reaches a higher validation accuracy than no norm",
        "final validation accuracy: higher",
        ("compare", "regularisation", "sensitivity"),
    ),
    Listing(
        "D6",
        BENEFITS,
        "BatchNorm regularises: its validation loss is lower at equal training loss",
        "validation loss where the loss on the training set, in evaluation mode, comes down to stated levels, in their mean: lower",
        ("regularisation",),
    ),
    Listing(
        "D7",
        BENEFITS,
        "the benefit of BatchNorm grows with depth",
        "final training loss, BatchNorm − no norm, per doubling of depth, plain and residual: lower",
        ("depth", "sensitivity"),
    ),
    Listing(
        "D8",
        BENEFITS,
        "BatchNorm smooths the loss landscape",
        "range of the loss, gradient predictiveness and effective smoothness along the gradient, and largest Hessian eigenvalue, each raw "
        "and in units of the weights' norms, at equal training loss: lower",
        ("landscape",),
    ),
    Listing(
        "D9a",
        BENEFITS,
        "BatchNorm reduces internal covariate shift, as Ioffe & Szegedy draw it",
        "drift per epoch of the 15th, 50th and 85th percentile of what units of the last hidden layer are given, sigmoid network: lower",
        ("covariate_shift",),
    ),
    Listing(
        "D9b",
        BENEFITS,
        "BatchNorm reduces internal covariate shift, as Santurkar et al. measure it",
        "a layer's gradient before and after the layers below it move, each nonlinearity: cosine higher, distance lower",
        ("covariate_shift",),
    ),
    Listing(
        "D10",
        BENEFITS,
        "BatchNorm makes gradients more even across layers",
        "distance of the first block's gradient norm from the last's, before and during training: lower",
        ("depth",),
    ),
    Listing(
        "D11",
        BENEFITS,
        "BatchNorm keeps nonlinearities out of saturation",
        "share of saturated sigmoid and tanh units, and of dead ReLU units, mean over epochs: lower",
        ("covariate_shift",),
    ),
    Listing(
        "E1",
        ADD_NORM,
        "the residual connection keeps the gradient alive",
        "unevenness of gradients before training, residual − plain, per doubling of depth: lower",
        ("depth",),
    ),
    Listing(
        "E2",
        ADD_NORM,
        "LayerNorm makes a Transformer converge faster than no norm",
        "area: lower",
        ("depth",),
    ),
    Listing(
        "E3",
        ADD_NORM,
        "a block whose sublayer is small passes its input through",
        "norm(x + cF(x)) as c goes to 0: norm(x), exactly in the limit",
        test="tests/models/test_add_norm.py",
    ),
    Listing(
        "E4",
        ADD_NORM,
        "LayerNorm suits small batches and online training, BatchNorm does not",
        "test accuracy at each one's best rate, LayerNorm at batch sizes 1, 2 and 4 − BatchNorm at 2, 2 and 4 (it raises at 1): higher",
        ("batch_size",),
    ),
    Listing(
        "F1",
        BEYOND,
        "post-norm needs warm-up, pre-norm does not",
        "final training loss without − with warm-up: post-norm higher, and higher than pre-norm's",
        ("depth",),
    ),
    Listing(
        "F2",
        BEYOND,
        "centring is dispensable",
        "area and test accuracy, RMSNorm − LayerNorm: the same",
        ("compare",),
    ),
    Listing(
        "F3",
        BEYOND,
        "a smaller ghost batch regularises",
        "test accuracy at each one's best rate: a ghost size in between, chosen by tuning networks − the smallest and the largest: higher",
        ("batch_size",),
    ),
    Listing(
        "F4",
        BEYOND,
        "batch renormalisation repairs small and class-sorted batches",
        "test accuracy at each one's best rate, at batch size 4 and on class-sorted batches, BatchRenorm − BatchNorm: higher",
        ("batch_size",),
    ),
)
"""Every claim, in order."""
