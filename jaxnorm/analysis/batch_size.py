"""What ``jaxnorm.experiments.batch_size`` asks of its table: which arms are set against which, and the claims that this decides.

Claims about accuracy are decided with every arm at its best learning rate: at a fixed one, the batch size would be judged together with the
number of updates that an epoch has. Those about the noise of the curves are decided at the fixed rate, which their source had.
"""

import dataclasses
from collections.abc import Callable

from jaxnorm.analysis.batch_size_contrasts import (
    ONLINE,
    WHERE,
    BatchSizeDesign,
    between_ghosts,
    between_norms,
    between_sizes,
    over_order,
    over_sizes,
)
from jaxnorm.analysis.batch_size_rates import Choices, rate_arms
from jaxnorm.analysis.claims import Comparison, Entry, find_claims
from jaxnorm.analysis.contrasts import Contrast, of_arms, of_contrasts
from jaxnorm.analysis.per_seed import MIN_EPOCHS_OF_NOISE
from jaxnorm.analysis.plan import Plan
from jaxnorm.analysis.sources import ADD_NORM, ADVICE, CLASSIC
from jaxnorm.experiments.batch_size.study import BatchSizeConfig


def make_plan(config: BatchSizeConfig, choices: Choices) -> Plan:
    """Norms against the first at every size, and what size, ghosts and sorting do to each, at the kinds of rates that tell."""
    design = BatchSizeDesign(config, choices)
    baseline, *others = config.norms
    contrasts = {
        "the batch size": _ends(design, "best"),
        "the ghost size": _ghosts(design, "best"),
        "the sorting of batches by class": [over_order(design, norm, "best") for norm in config.norms],
        "the choice of norm": [
            between_norms(design, norm, baseline, size)
            for norm in others
            for size in config.sizes_of(norm)
            if size in config.sizes_of(baseline)
        ],
        "": [
            *_ends(design, "fixed"),
            *_ends(design, "scaled"),
            *_ghosts(design, "fixed"),
            *(over_order(design, norm, "fixed") for norm in config.norms),
        ],
    }
    measures = ("train_loss", "test_accuracy")
    return Plan(list(rate_arms(config)), contrasts, find_claims(LEDGER, design), measures, measures)


def _ends(design: BatchSizeDesign, rate: str) -> list[Contrast]:
    least, most = design.sizes[0], design.sizes[-1]
    return [between_sizes(design, norm, most, least, rate) for norm in design.config.norms if least < most]


def _ghosts(design: BatchSizeDesign, rate: str) -> list[Contrast]:
    return [between_ghosts(design, size, design.ghosts[-1], rate) for size in design.ghosts[:-1]]


def _noisier_at_small(design: BatchSizeDesign) -> list[Comparison]:
    return [Comparison(between_sizes(design, "batch", *design.classic, "fixed"), "validation_noise", "higher")]


def _smoother_layer(design: BatchSizeDesign) -> list[Comparison]:
    small, large = design.classic
    contrasts = [between_norms(design, "batch", "layer", size, "fixed") for size in design.classic]
    of_batch, of_layer = (between_sizes(design, norm, small, large, "fixed") for norm in ("batch", "layer"))
    contrasts.append(of_contrasts(of_batch, of_layer, f"(BatchNorm − LayerNorm), batch size {small} instead of {large}, {WHERE['fixed']}"))
    return [Comparison(contrast, "validation_noise", "higher") for contrast in contrasts]


def _only_batch_norm_needs_size(design: BatchSizeDesign) -> list[Comparison]:
    return [
        Comparison(over_sizes(design, "batch", "best"), "test_accuracy", "higher"),
        Comparison(over_sizes(design, "layer", "best"), "test_accuracy", "same"),
    ]


def _unstable_where_small(design: BatchSizeDesign) -> list[Comparison]:
    of_batch, of_layer = (over_sizes(design, norm, "best") for norm in ("batch", "layer"))
    label = f"(BatchNorm − LayerNorm), batch size {design.sizes[-1]} instead of {design.sizes[0]} on a fitted line, {WHERE['best']}"
    contrast = of_contrasts(of_batch, of_layer, label)
    return [Comparison(contrast, measure, "lower") for measure in ("test_accuracy_spread", "evaluation_gap")]


def _layer_norm_trains_online(design: BatchSizeDesign) -> list[Comparison]:
    nearest = {size: next(other for other in design.sizes if other >= size) for size in design.online}
    return [
        Comparison(
            dataclasses.replace(
                of_arms(design.arm("layer", size), design.arm("batch", other)),
                label=f"LayerNorm at batch size {size} − BatchNorm at {other}, {WHERE['best']}",
            ),
            "test_accuracy",
            "higher",
        )
        for size, other in nearest.items()
    ]


def _inner_ghosts_are_best(design: BatchSizeDesign) -> list[Comparison]:
    best = design.choices.ghost_size
    ends = (design.ghosts[0], design.ghosts[-1])
    return [Comparison(between_ghosts(design, best, end), "test_accuracy", "higher") for end in ends if best is not None]


def _renorm_repairs(design: BatchSizeDesign) -> list[Comparison]:
    size = design.config.sorted_batch_size
    by_class = dataclasses.replace(
        of_arms(design.by_class("renorm"), design.by_class("batch")),
        label=f"BatchRenorm − BatchNorm in sorted batches of {size}, {WHERE['best']}",
    )
    contrasts = (between_norms(design, "renorm", "batch", design.small), by_class)
    return [Comparison(contrast, "test_accuracy", "higher") for contrast in contrasts]


def _has(*norms: str, sizes: int = 1, epochs: int = 1) -> Callable[[BatchSizeDesign], bool]:
    """Whether a run has these norms, and so many batch sizes from 2 on, and epochs."""

    def applies(design: BatchSizeDesign) -> bool:
        return set(norms) <= set(design.config.norms) and len(design.sizes) >= sizes and design.config.epochs >= epochs

    return applies


HOFFER, IOFFE = "beyond the documents: Hoffer et al. 2017", "beyond the documents: Ioffe 2017"

LEDGER: tuple[Entry[BatchSizeDesign], ...] = (
    Entry(
        "A5",
        CLASSIC,
        "BatchNorm's validation accuracy is noisier at batch size {classic_small} than at {classic_large}, at the fixed learning rate",
        _noisier_at_small,
        _has("batch", sizes=2, epochs=MIN_EPOCHS_OF_NOISE),
    ),
    Entry(
        "A6",
        CLASSIC,
        "LayerNorm's validation accuracy is smoother than BatchNorm's at batch sizes {classic_small} and {classic_large}, most so at "
        "{classic_small}, at the fixed learning rate",
        _smoother_layer,
        _has("batch", "layer", sizes=2, epochs=MIN_EPOCHS_OF_NOISE),
    ),
    Entry(
        "A7",
        CLASSIC,
        "BatchNorm's test error falls from batch size {least} to {most} while LayerNorm's stays as it is, each at its best learning rate",
        _only_batch_norm_needs_size,
        _has("batch", "layer", sizes=3),
    ),
    Entry(
        "C3",
        ADVICE,
        "BatchNorm becomes unstable as batches shrink from {most} to {least}: more than with LayerNorm, its test accuracy differs between "
        "seeds, and batch statistics predict better than its running averages, each at its best learning rate",
        _unstable_where_small,
        _has("batch", "layer", sizes=3),
    ),
    Entry(
        "E4",
        ADD_NORM,
        "LayerNorm trains on batches of one and of up to {online} examples, to a higher test accuracy than BatchNorm at the nearest batch "
        "size that it has (at 1 it raises an error), each at its best learning rate",
        _layer_norm_trains_online,
        lambda design: _has("layer", "batch")(design) and ONLINE in design.online,
    ),
    Entry(
        "F3",
        HOFFER,
        "in batches of {batch}, ghosts of {ghost} examples end with a higher test accuracy than ghosts of {ghost_least} and of "
        "{ghost_most}, each at its best learning rate",
        _inner_ghosts_are_best,
        lambda design: design.choices.ghost_size is not None,
    ),
    Entry(
        "F4",
        IOFFE,
        "BatchRenorm ends with a higher test accuracy than BatchNorm at batch size {small}, and in batches of {by_class} sorted by class, "
        "each at its best learning rate",
        _renorm_repairs,
        _has("batch", "renorm"),
    ),
)
"""The claims that batches of several sizes, ghosts and orders can decide."""
