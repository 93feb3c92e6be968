"""What ``sequences`` asks of its table: which arms are set against which, and the claims that this decides."""

import dataclasses
from collections.abc import Callable

from jaxnorm.experiments.evaluation_measures import EVALUATED_BY, EVALUATION_MEASURES
from jaxnorm.experiments.measures import MEASURES as COMMON
from jaxnorm.experiments.sequences.study import SequenceArm, SequencesConfig
from jaxnorm.experiments.sources import AXES
from jaxnorm.stats.claims import Claim, Expected, Slot, find_claims
from jaxnorm.stats.contrasts import Contrast, of_arms, of_contrasts, slope
from jaxnorm.stats.plan import ArmsTable, Plan

MEASURES = COMMON | EVALUATION_MEASURES
LISTED = ("train_loss", "test_accuracy")
SHOWN = ("train_loss", "test_accuracy", "test_accuracy_spread", "evaluation_gap")
"""The columns of the table of results."""
EVALUATED = tuple(f"test_accuracy_{name}" for name in EVALUATED_BY)
"""The test accuracy by each kind of statistics."""


@dataclasses.dataclass(frozen=True)
class SequencesDesign:
    """Every norm, with each masking that matters to it, in every model, at every spread of lengths and padding share."""

    config: SequencesConfig

    @property
    def spreads(self) -> tuple[float, ...]:
        """Ascending."""
        return tuple(sorted(self.config.length_spreads))

    @property
    def kinds(self) -> list[tuple[str, str, str]]:
        """Norm, masking and model of all arms."""
        return list(dict.fromkeys((arm.norm, arm.masking, arm.model) for arm in self.config.arms))

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
    def slots(self) -> dict[str, Slot]:
        """The least and the largest spread, and the largest padding share."""
        return {"even": self.spreads[0], "varied": self.spreads[-1], "most": self.most}

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
    lengths = [over_spread(design, *kind) for kind in design.kinds if len(config.length_spreads) > 1]
    masking = [
        of_arms(design.arm(norm, "unmasked", model, spread), design.arm(norm, "masked", model, spread))
        for norm, form, model in design.kinds
        for spread in design.spreads
        if form == "unmasked" and "masked" in config.maskings
    ]
    return Plan(
        arms=config.arms,
        contrasts=[*norms, *padding, *lengths, *masking],
        measures=LISTED,
        claims=find_claims(CLAIMS, design),
        tables=[ArmsTable(SHOWN, where={"length_spread": design.spreads[-1], "padding_share": design.most})],
        definitions=MEASURES,
        told=EVALUATED,
    )


def over_spread(design: SequencesDesign, norm: str, masking: str, model: str) -> Contrast:
    """What lengths that vary do, at the largest padding share."""
    return of_arms(design.arm(norm, masking, model), design.arm(norm, masking, model, design.spreads[0]))


def over_padding(design: SequencesDesign, norm: str, masking: str, model: str, spread: float) -> Contrast:
    """The change from the least to the most padding on the least-squares line."""
    shares = design.shares(spread)
    return slope([design.arm(norm, masking, model, spread, share) for share in shares], shares, over="padding_share")


def _by_padding(design: SequencesDesign, norm: str, masking: str) -> list[Contrast]:
    """``over_padding`` in every model, at every spread with several shares."""
    own = design.masking(norm, masking)
    return [over_padding(design, norm, own, model, spread) for model in design.config.models for spread in design.swept]


def _layer_norm_stays(design: SequencesDesign) -> list[Expected]:
    return [Expected(contrast, "test_accuracy", "same") for contrast in _by_padding(design, "layer", "masked")]


def _batch_norm_falls(design: SequencesDesign) -> list[Expected]:
    return [Expected(contrast, "test_accuracy", "lower") for contrast in _by_padding(design, "batch", "unmasked")]


def _more_where_lengths_vary(measure: str) -> Callable[[SequencesDesign], list[Expected]]:
    def compare(design: SequencesDesign) -> list[Expected]:
        kinds = (("batch", "masked"), ("layer", design.masking("layer", "masked")))
        pairs = [[over_spread(design, *kind, model) for kind in kinds] for model in design.config.models]
        return [Expected(of_contrasts(batch, layer), measure, "higher") for batch, layer in pairs]

    return compare


def _varies_lengths(design: SequencesDesign) -> bool:
    return {"batch", "layer"} <= set(design.config.norms) and len(design.spreads) > 1 and "masked" in design.config.maskings


def _varies_padding(*norms: str) -> Callable[[SequencesDesign], bool]:
    def applies(design: SequencesDesign) -> bool:
        needs_mask = "batch" in norms and "unmasked" not in design.config.maskings
        return set(norms) <= set(design.config.norms) and bool(design.swept) and not needs_mask

    return applies


CLAIMS: tuple[Claim[SequencesDesign], ...] = (
    Claim(
        "C3a",
        AXES,
        "Varied lengths set BatchNorm's seeds apart, more than LayerNorm's",
        "BatchNorm becomes unstable where lengths vary (spread {varied} instead of {even}): even with padding masked, its test accuracy "
        "differs more between seeds, by more than LayerNorm's",
        _more_where_lengths_vary("test_accuracy_spread"),
        _varies_lengths,
        "evaluation",
    ),
    Claim(
        "C3b",
        AXES,
        "Where lengths vary, batch statistics predict better than running averages",
        "BatchNorm becomes unstable where lengths vary (spread {varied} instead of {even}): even with padding masked, batch statistics "
        "predict better than its running averages, by more than with LayerNorm",
        _more_where_lengths_vary("evaluation_gap"),
        _varies_lengths,
        "evaluation",
    ),
    Claim(
        "C4a",
        AXES,
        "Padding leaves LayerNorm's test accuracy as it is",
        "padding up to a share of {most} leaves LayerNorm's test accuracy as it is",
        _layer_norm_stays,
        _varies_padding("layer"),
        "padding",
    ),
    Claim(
        "C4b",
        AXES,
        "Unmasked padding lowers BatchNorm's test accuracy",
        "padding up to a share of {most} lowers the test accuracy of BatchNorm that does not mask it",
        _batch_norm_falls,
        _varies_padding("batch"),
        "padding",
    ),
)
"""The claims that sequences of varying length can decide."""
