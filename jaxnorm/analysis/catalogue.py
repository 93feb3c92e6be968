"""All claims, A1 to F4: what is said of norms, how it is measured, what is expected, from where on it counts, and what decides it.

The ledgers beside the plans say it exactly, for the arms that a run has; a test sets them against this page. ``docs/claims.md`` shows the
catalogue, and ``python -m jaxnorm.experiments.claims`` shows it with the verdicts of the latest results.
"""

import dataclasses

from jaxnorm.analysis.measures import Measure
from jaxnorm.analysis.wording import format_margin
from jaxnorm.config import DecisionRule

CLASSIC = "the classic comparison of an MLP under Adam"
ONE_LAYER = "the one-hidden-layer comparison under SGD"
ADVICE = "the usual advice on which norm suits what"
BENEFITS = "the usual list of what BatchNorm does for a network without it"
ADD_NORM = "the usual account of residual connections and norms in Transformers"
BEYOND = "beyond these texts"


SHARE = f"{100 * DecisionRule().loss_margin:g} % of the mean"
"""Of the compared arms, unless ``--loss-margin`` says otherwise."""
POINTS = f"{100 * DecisionRule().accuracy_margin:g} points"
"""Unless ``--accuracy-margin`` says otherwise."""


def margin_words(measure: Measure) -> str:
    """From where on differences of a measure count, as the catalogue spells it; ``contrasts.find_margin`` applies it."""
    if measure.fixed_margin is not None:
        return format_margin(measure.fixed_margin, measure.unit, with_unit=measure.unit != "ratio")
    return POINTS if measure.absolute_margin else SHARE


@dataclasses.dataclass(frozen=True)
class Listing:
    """A line of the catalogue."""

    id: str
    source: str
    claim: str
    measure: str
    expected: str
    """What is expected of the measure: ``lower``, ``higher``, ``the same``, or of which part which."""
    margins: tuple[str, ...] = ()
    """From where on differences count, of each kind of measure; none of an exact claim."""
    runs: tuple[str, ...] = ()
    """The instruments whose ledgers have the claim, each with what it must be told where its defaults do not decide it."""
    test: str = ""
    """Where an exact claim is tested instead."""

    @property
    def instruments(self) -> tuple[str, ...]:
        """The names of the instruments."""
        return tuple(run.split()[0] for run in self.runs)

    @property
    def margin(self) -> str:
        """In words: ``5 % of the mean; 0.5 points``, or ``exact``."""
        return "; ".join(self.margins) or "exact"

    @property
    def decided_by(self) -> str:
        """In words: commands, a test, or that it is open."""
        if self.test:
            return f"exact: a test, {self.test}"
        return " or ".join(f"python -m jaxnorm.experiments.{run}" for run in self.runs) or "no instrument yet"


CATALOGUE = (
    Listing(
        "A1",
        CLASSIC,
        "BatchNorm at the large batch size converges fastest and to the lowest loss of BatchNorm and LayerNorm at both sizes",
        measure="area and final training loss against each other arm",
        expected="lower",
        margins=(SHARE,),
        runs=("compare",),
    ),
    Listing(
        "A2",
        CLASSIC,
        "BatchNorm has a higher training loss at the small batch size than at the large at every epoch",
        measure="training loss at each epoch, small − large",
        expected="higher",
        margins=(SHARE,),
        runs=("compare",),
    ),
    Listing(
        "A3",
        CLASSIC,
        "LayerNorm's training loss hardly changes between the batch sizes, while BatchNorm's does",
        measure="final training loss",
        expected="BatchNorm's change minus LayerNorm's higher; LayerNorm's change the same",
        margins=(SHARE,),
        runs=("compare",),
    ),
    Listing(
        "A4",
        CLASSIC,
        "BatchNorm at the large and LayerNorm at the small batch size reach the best validation accuracies",
        measure="final validation accuracy of both against the other two arms",
        expected="higher",
        margins=(POINTS,),
        runs=("compare",),
    ),
    Listing(
        "A5",
        CLASSIC,
        "BatchNorm's validation accuracy is noisier at the small batch size",
        measure="noise of validation accuracy, small − large",
        expected="higher",
        margins=(SHARE,),
        runs=(
            "compare",
            "batch_size",
        ),
    ),
    Listing(
        "A6",
        CLASSIC,
        "LayerNorm's validation accuracy is smoother than BatchNorm's, most so at the small batch size",
        measure="noise, BatchNorm − LayerNorm at each size",
        expected="higher; and more so at the small size",
        margins=(SHARE,),
        runs=(
            "compare",
            "batch_size",
        ),
    ),
    Listing(
        "A7",
        CLASSIC,
        "BatchNorm suffers from small batches, LayerNorm does not care",
        measure="slope of test accuracy on log2 batch size, 2 to 512, at each one's best rate",
        expected="BatchNorm's higher than 0, LayerNorm's the same",
        margins=(POINTS,),
        runs=("batch_size",),
    ),
    Listing(
        "A8",
        CLASSIC,
        "LayerNorm converges more slowly than BatchNorm at the large batch size",
        measure="area, LayerNorm − BatchNorm",
        expected="higher",
        margins=(SHARE,),
        runs=("compare",),
    ),
    Listing(
        "B1",
        ONE_LAYER,
        "BatchNorm converges faster than LayerNorm and than no norm at the large batch size",
        measure="area",
        expected="lower",
        margins=(SHARE,),
        runs=("compare --norms batch layer none",),
    ),
    Listing(
        "B2",
        ONE_LAYER,
        "LayerNorm's behaviour does not depend on the batch",
        measure="output for one example while the others change",
        expected="the same",
        test="tests/norms/test_table.py",
    ),
    Listing(
        "B3",
        ONE_LAYER,
        "LayerNorm and BatchNorm train differently yet end with similar test accuracy",
        measure="area, and test accuracy",
        expected="different beyond the margin, and the same",
        margins=(
            SHARE,
            POINTS,
        ),
        runs=("compare",),
    ),
    Listing(
        "B4",
        ONE_LAYER,
        "a bias before BatchNorm is useless",
        measure="gradient of that bias",
        expected="exactly 0",
        test="tests/norms/test_table.py",
    ),
    Listing(
        "C1",
        ADVICE,
        "BatchNorm's output for one example depends on the others, LayerNorm's does not",
        measure="output for one example while the others change",
        expected="different, and the same",
        test="tests/norms/test_table.py",
    ),
    Listing(
        "C2",
        ADVICE,
        "BatchNorm suits CNNs, LayerNorm suits recurrent networks and Transformers",
        measure="test accuracy at each one's best rate, BatchNorm − LayerNorm in the CNN minus the same elsewhere",
        expected="higher",
        margins=(POINTS,),
        runs=("architectures",),
    ),
    Listing(
        "C3",
        ADVICE,
        "BatchNorm becomes unstable where lengths vary and where batches are small",
        measure="spread between seeds, and batch statistics − running averages in evaluation, BatchNorm's beyond LayerNorm's",
        expected="higher where lengths vary; lower as batches grow",
        margins=(
            SHARE,
            POINTS,
        ),
        runs=(
            "sequences",
            "batch_size",
        ),
    ),
    Listing(
        "C4",
        ADVICE,
        "LayerNorm stays consistent on sequences of varying length, BatchNorm does not",
        measure="slope of test accuracy over the share of padding",
        expected="LayerNorm the same, BatchNorm that is not told of padding lower",
        margins=(POINTS,),
        runs=("sequences",),
    ),
    Listing(
        "D1",
        BENEFITS,
        "BatchNorm trains faster than no norm from the first epoch on",
        measure="training loss at epoch 1, and area",
        expected="lower",
        margins=(SHARE,),
        runs=(
            "compare --norms batch none",
            "regularisation",
        ),
    ),
    Listing(
        "D2",
        BENEFITS,
        "BatchNorm allows larger learning rates",
        measure="largest rate at which a seed does not diverge and ends near the lowest loss it reaches at any, over no norm's and "
        "over LayerNorm's",
        expected="higher",
        margins=("0.30 decades",),
        runs=("sensitivity",),
    ),
    Listing(
        "D3",
        BENEFITS,
        "BatchNorm is less sensitive to the scale of initial weights",
        measure="standard deviation of final training loss over initial scales 0.01 to 100, each at its best rate",
        expected="lower",
        margins=(SHARE,),
        runs=("sensitivity",),
    ),
    Listing(
        "D4",
        BENEFITS,
        "BatchNorm's loss curves oscillate less than those of no norm",
        measure="noise of training and validation loss",
        expected="lower",
        margins=(SHARE,),
        runs=(
            "compare --norms batch none",
            "regularisation",
        ),
    ),
    Listing(
        "D5",
        BENEFITS,
        "BatchNorm reaches a higher validation accuracy than no norm",
        measure="final validation accuracy",
        expected="higher",
        margins=(POINTS,),
        runs=(
            "compare --norms batch none",
            "regularisation",
            "sensitivity",
        ),
    ),
    Listing(
        "D6",
        BENEFITS,
        "BatchNorm regularises: its validation loss is lower at equal training loss",
        measure="validation loss where the loss on the training set, in evaluation mode, comes down to stated levels, in their mean",
        expected="lower",
        margins=(SHARE,),
        runs=("regularisation",),
    ),
    Listing(
        "D7",
        BENEFITS,
        "the benefit of BatchNorm grows with depth",
        measure="final training loss, BatchNorm − no norm, per doubling of depth, plain and residual",
        expected="lower",
        margins=(SHARE,),
        runs=(
            "depth",
            "sensitivity",
        ),
    ),
    Listing(
        "D8",
        BENEFITS,
        "BatchNorm smooths the loss landscape",
        measure="range of the loss, gradient predictiveness and effective smoothness along the gradient, and largest Hessian "
        "eigenvalue, each raw and in units of the weights' norms, at equal training loss",
        expected="lower",
        margins=("0.10 decades",),
        runs=("landscape",),
    ),
    Listing(
        "D9a",
        BENEFITS,
        "BatchNorm reduces internal covariate shift, as Ioffe & Szegedy draw it",
        measure="drift per epoch of the 15th, 50th and 85th percentile of what units of the last hidden layer are given, sigmoid network",
        expected="lower",
        margins=(SHARE,),
        runs=("covariate_shift",),
    ),
    Listing(
        "D9b",
        BENEFITS,
        "BatchNorm reduces internal covariate shift, as Santurkar et al. measure it",
        measure="a layer's gradient before and after the layers below it move, each nonlinearity",
        expected="cosine higher, distance lower",
        margins=(
            "0.010",
            SHARE,
        ),
        runs=("covariate_shift",),
    ),
    Listing(
        "D10",
        BENEFITS,
        "BatchNorm makes gradients more even across layers",
        measure="distance of the first block's gradient norm from the last's, before and during training",
        expected="lower",
        margins=(SHARE,),
        runs=("depth",),
    ),
    Listing(
        "D11",
        BENEFITS,
        "BatchNorm keeps nonlinearities out of saturation",
        measure="share of saturated sigmoid and tanh units, and of dead ReLU units, mean over epochs",
        expected="lower",
        margins=("1.0 points",),
        runs=("covariate_shift",),
    ),
    Listing(
        "E1",
        ADD_NORM,
        "the residual connection keeps the gradient alive",
        measure="unevenness of gradients before training, residual − plain, per doubling of depth",
        expected="lower",
        margins=(SHARE,),
        runs=("depth",),
    ),
    Listing(
        "E2",
        ADD_NORM,
        "LayerNorm makes a Transformer converge faster than no norm",
        measure="area",
        expected="lower",
        margins=(SHARE,),
        runs=("depth experiments/depth_transformer.toml",),
    ),
    Listing(
        "E3",
        ADD_NORM,
        "a block whose sublayer is small passes its input through",
        measure="norm(x + cF(x)) as c goes to 0",
        expected="norm(x), exactly in the limit",
        test="tests/models/test_add_norm.py",
    ),
    Listing(
        "E4",
        ADD_NORM,
        "LayerNorm suits small batches and online training, BatchNorm does not",
        measure="test accuracy at each one's best rate, LayerNorm at batch sizes 1, 2 and 4 − BatchNorm at 2, 2 and 4 (it raises at 1)",
        expected="higher",
        margins=(POINTS,),
        runs=("batch_size",),
    ),
    Listing(
        "F1",
        BEYOND,
        "post-norm needs warm-up, pre-norm does not",
        measure="final training loss without − with warm-up",
        expected="post-norm higher, and higher than pre-norm's",
        margins=(SHARE,),
        runs=("depth experiments/depth_transformer.toml",),
    ),
    Listing(
        "F2",
        BEYOND,
        "centring is dispensable",
        measure="area and test accuracy, RMSNorm − LayerNorm",
        expected="the same",
        margins=(
            SHARE,
            POINTS,
        ),
        runs=("compare --norms layer rms",),
    ),
    Listing(
        "F3",
        BEYOND,
        "a smaller ghost batch regularises",
        measure="test accuracy at each one's best rate: a ghost size in between, chosen by tuning networks − the smallest and the largest",
        expected="higher",
        margins=(POINTS,),
        runs=("batch_size",),
    ),
    Listing(
        "F4",
        BEYOND,
        "batch renormalisation repairs small and class-sorted batches",
        measure="test accuracy at each one's best rate, at batch size 4 and on class-sorted batches, BatchRenorm − BatchNorm",
        expected="higher",
        margins=(POINTS,),
        runs=("batch_size",),
    ),
)
"""Every claim, in order."""
