"""The catalogue names every claim once, and what it says of who decides it is true."""

from pathlib import Path

import pytest

import jaxnorm
from jaxnorm.analysis import architectures, batch_size, compare, covariate_shift, depth, landscape, regularisation, sensitivity, sequences
from jaxnorm.analysis.batch_size_rates import Choices
from jaxnorm.analysis.catalogue import CATALOGUE
from jaxnorm.analysis.claims import Comparison, find_claims
from jaxnorm.analysis.contrasts import find_margin
from jaxnorm.analysis.listing import Listing, margin_words
from jaxnorm.analysis.measures import MEASURES, find_measure
from jaxnorm.analysis.wording import SCALES
from jaxnorm.stats.rule import DecisionRule
from jaxnorm.experiments.command_line import parse
from jaxnorm.experiments.registry import part_of

ROOT = Path(jaxnorm.__file__).parent.parent
LEDGERS = {
    "compare": compare.LEDGER,
    "depth": depth.LEDGER,
    "sequences": sequences.LEDGER,
    "architectures": architectures.LEDGER,
    "regularisation": regularisation.LEDGER,
    "batch_size": batch_size.LEDGER,
    "landscape": landscape.LEDGER,
    "covariate_shift": covariate_shift.LEDGER,
    "sensitivity": sensitivity.LEDGER,
}
COUNTS = {"A": 8, "B": 4, "C": 4, "D": 11, "E": 4, "F": 4}


def test_catalogue_lists_every_claim_once_in_order():
    expected = [f"{group}{number}" for group, count in COUNTS.items() for number in range(1, count + 1)]
    expected[expected.index("D9") : expected.index("D9") + 1] = ["D9a", "D9b"]
    assert [listing.id for listing in CATALOGUE] == expected


@pytest.mark.parametrize("instrument", LEDGERS)
def test_catalogue_knows_what_an_instrument_decides(instrument):
    assert {entry.id for entry in LEDGERS[instrument]} == {listing.id for listing in CATALOGUE if instrument in listing.instruments}


def test_instruments_and_tests_of_the_catalogue_exist():
    for listing in CATALOGUE:
        assert all((ROOT / "jaxnorm" / "experiments" / f"{instrument}.py").exists() for instrument in listing.instruments)
        assert not listing.test or (ROOT / listing.test).exists()
        assert not (listing.instruments and listing.test)


DESIGNS = {
    "compare": lambda config: compare.CompareDesign(config.norms, config.batch_sizes, config.epochs),
    "depth": depth.DepthDesign,
    "sequences": sequences.SequencesDesign,
    "architectures": architectures.ArchitecturesDesign,
    "regularisation": lambda config: regularisation.RegularisationDesign(config, config.matched_losses),
    "batch_size": lambda config: batch_size.BatchSizeDesign(config, Choices({}, config.ghost_sizes[1])),
    "landscape": lambda config: landscape.LandscapeDesign(config, (1.0,)),
    "covariate_shift": covariate_shift.CovariateShiftDesign,
    "sensitivity": sensitivity.SensitivityDesign,
}
"""Instrument to its design of a config; what only a run's table tells is made up."""
WORDS = ("lower", "higher", "same", "different")


def _comparisons(listing: Listing) -> list[Comparison]:
    """Those that the catalogue's own commands make of the claim."""
    comparisons = []
    for run in listing.runs:
        instrument, *arguments = run.split()
        config = parse(
            part_of(instrument, "study").SETTINGS,
            [str(ROOT / word) if word.endswith(".toml") else word for word in arguments],
            program="",
            description="",
        )
        (claim,) = (claim for claim in find_claims(LEDGERS[instrument], DESIGNS[instrument](config)) if claim.id == listing.id)
        comparisons += claim.comparisons
    return comparisons


@pytest.mark.parametrize("listing", [each for each in CATALOGUE if not each.test], ids=lambda listing: listing.id)
def test_catalogue_expects_what_the_ledgers_do_and_its_commands_decide(listing):
    comparisons = _comparisons(listing)
    assert {word for word in WORDS if word in listing.expected} == {comparison.expected for comparison in comparisons}
    assert set(listing.margins) == {margin_words(find_measure(comparison.measure)) for comparison in comparisons}


@pytest.mark.parametrize("name", MEASURES)
def test_margin_words_are_those_of_the_rule(name):
    """At a mean of 2, 5 % of it is 0.1, and half a point is 0.005."""
    applied, words, scale = find_margin(name, [1.0, 3.0], DecisionRule()), margin_words(MEASURES[name]), SCALES[MEASURES[name].unit]
    said = {"5 % of the mean": 0.1, "0.5 points": 0.005}.get(words)
    assert applied == pytest.approx(float(words.split()[0]) / scale.factor if said is None else said)
