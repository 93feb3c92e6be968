"""What ``jaxnorm.experiments.sequences`` asks of its table: which arms are set against which, and the claims that this decides."""

import dataclasses
from collections.abc import Iterator

from jaxnorm.analysis.claims import Comparison, Entry, find_claims
from jaxnorm.analysis.contrasts import Contrast, of_arms, of_contrasts, slope
from jaxnorm.analysis.plan import Plan
from jaxnorm.analysis.wording import arm_title, described
from jaxnorm.experiments.sequences.study import SequenceArm, SequencesConfig


@dataclasses.dataclass(frozen=True)
class SequencesDesign:
    """Every norm, with each masking that matters to it, in every model, at every spread of lengths and padding share."""

    config: SequencesConfig

    @property
    def spreads(self) -> tuple[float, ...]:
        """Ascending."""
        return tuple(sorted(self.config.length_spreads))

    @property
    def kinds(self) -> Iterator[tuple[str, str, str]]:
        """Norm, masking and model of all arms."""
        return iter(dict.fromkeys((arm.norm, arm.masking, arm.model) for arm in self.config.arms))

    def shares(self, spread: float) -> tuple[float, ...]:
        """The padding shares at a spread, ascending."""
        return tuple(sorted(share for each, share in self.config.cells if each == spread))

    @property
    def swept(self) -> list[float]:
        """The spreads with several padding shares."""
        return [spread for spread in self.spreads if len(self.shares(spread)) > 1]

    @property
    def most(self) -> float:
        """The largest padding share, which goes with every spread."""
        return max(self.config.padding_shares)

    @property
    def words(self) -> dict[str, object]:
        """The spreads, and the largest padding share."""
        return {"even": f"{self.spreads[0]:g}", "varied": f"{self.spreads[-1]:g}", "most": f"{self.most:g}"}

    def arm(self, norm: str, masking: str, model: str, spread: float | None = None, share: float | None = None) -> SequenceArm:
        """An arm, with lengths as different and padding as much as the run has, unless told."""
        return SequenceArm(norm, masking, model, self.spreads[-1] if spread is None else spread, self.most if share is None else share)

    def masking(self, norm: str, wanted: str) -> str:
        """A masking of the norm: the wanted one if it has several."""
        possible = self.config.maskings_of(norm)
        return wanted if wanted in possible else possible[0]


def make_plan(config: SequencesConfig) -> Plan:
    """Each norm against the first where lengths and padding are at their most, and what padding, spread and masking do to each."""
    design = SequencesDesign(config)
    baseline = config.norms[0]
    reference = design.masking(baseline, "masked")
    norms = [
        of_arms(design.arm(*kind), design.arm(baseline, reference, kind[2])) for kind in design.kinds if kind[:2] != (baseline, reference)
    ]
    padding = [
        of_arms(design.arm(*kind, spread), design.arm(*kind, spread, design.shares(spread)[0]))
        for kind in design.kinds
        for spread in design.swept[:1]
    ]
    lengths = [over_spread(design, *kind) for kind in design.kinds if len(design.spreads) > 1]
    masking = [
        of_arms(design.arm(norm, "unmasked", model, spread), design.arm(norm, "masked", model, spread))
        for norm, form, model in design.kinds
        for spread in design.spreads
        if form == "unmasked" and "masked" in config.maskings
    ]
    contrasts = {
        "the choice of norm": norms,
        "the share of padding": padding,
        "the spread of lengths": lengths,
        "the masking of padding": masking,
    }
    measures = ("train_loss", "test_accuracy")
    return Plan(config.arms, contrasts, find_claims(LEDGER, design), measures, measures)


def over_spread(design: SequencesDesign, norm: str, masking: str, model: str) -> Contrast:
    """What lengths that vary do, at the largest padding share."""
    return of_arms(design.arm(norm, masking, model), design.arm(norm, masking, model, design.spreads[0]))


def over_padding(design: SequencesDesign, norm: str, masking: str, model: str, spread: float) -> Contrast:
    """The change from the least to the most padding on the least-squares line."""
    shares = design.shares(spread)
    arms = [design.arm(norm, masking, model, spread, share) for share in shares]
    where = described({"model": model, "length_spread": spread})
    title = arm_title({"norm": norm, "masking": masking})
    width = shares[-1] - shares[0]
    return slope(
        arms,
        [share / width for share in shares],
        f"{title}, padding share {shares[-1]:g} instead of {shares[0]:g} on a fitted line, at {where}",
    )


def _has_both_norms(design: SequencesDesign) -> bool:
    return {"batch", "layer"} <= set(design.config.norms)


def _padding_moves_batch_norm_only(design: SequencesDesign) -> list[Comparison]:
    layer = design.masking("layer", "masked")
    kinds = [(model, spread) for model in design.config.models for spread in design.swept]
    same = [Comparison(over_padding(design, "layer", layer, *kind), "test_accuracy", "same") for kind in kinds]
    return same + [Comparison(over_padding(design, "batch", "unmasked", *kind), "test_accuracy", "lower") for kind in kinds]


def _unstable_where_lengths_vary(design: SequencesDesign) -> list[Comparison]:
    layer = design.masking("layer", "masked")
    return [
        Comparison(
            of_contrasts(
                over_spread(design, "batch", "masked", model),
                over_spread(design, "layer", layer, model),
                f"(BatchNorm masked − LayerNorm), length spread {design.spreads[-1]:g} instead of {design.spreads[0]:g} at "
                f"{described({'model': model, 'padding_share': design.most})}",
            ),
            measure,
            "higher",
        )
        for model in design.config.models
        for measure in ("test_accuracy_spread", "evaluation_gap")
    ]


LENGTHS = "the advice on where to use which norm: BatchNorm for images, LayerNorm for sequences"

LEDGER: tuple[Entry[SequencesDesign], ...] = (
    Entry(
        "C3",
        LENGTHS,
        "BatchNorm, told of padding, becomes unstable where lengths vary (spread {varied} instead of {even}): its test accuracy differs "
        "more between seeds, and batch statistics predict better than its running averages, each by more than LayerNorm's",
        _unstable_where_lengths_vary,
        lambda design: _has_both_norms(design) and len(design.spreads) > 1 and "masked" in design.config.maskings,
    ),
    Entry(
        "C4",
        LENGTHS,
        "padding up to a share of {most} leaves LayerNorm's test accuracy as it is and lowers that of BatchNorm, which is not told of it",
        _padding_moves_batch_norm_only,
        lambda design: _has_both_norms(design) and bool(design.swept) and "unmasked" in design.config.maskings,
    ),
)
"""The claims that sequences of varying length can decide."""
