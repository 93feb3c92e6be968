"""Ledgers: which claims a design can decide, what statements may name, and that all compare what there is. All on compare's."""

import pytest

from jaxnorm.experiments.compare.claims import CLAIMS, CompareDesign
from jaxnorm.experiments.measures import MEASURES
from jaxnorm.experiments.sources import SOURCES
from jaxnorm.stats.claims import Claim, find_claims
from jaxnorm.stats.measures import find_measure

TWO = ("batch", "layer")
THREE = ("batch", "layer", "none")


@pytest.mark.parametrize(
    ("norms", "sizes", "epochs", "ids"),
    [
        (TWO, (16, 128), 10, "A1 A2 A3a A3b A4 A5 A6 A8 B3a B3b"),
        (THREE, (16, 128), 10, "A1 A2 A3a A3b A4 A5 A6 A8 B1 B3a B3b D1 D4 D5"),
        (TWO, (16, 128), 2, "A1 A2 A3a A3b A4 A8 B3a B3b"),
        (THREE, (64,), 10, "A8 B1 B3a B3b D1 D4 D5"),
        (("layer",), (16, 128), 10, "A3a"),
        (("batch",), (16, 128), 10, "A2 A5"),
        (("mine", "yours"), (16, 128), 10, ""),
        (("layer", "rms"), (16,), 10, "F2"),
    ],
)
def test_ledger_offers_what_the_design_can_decide(norms, sizes, epochs, ids):
    assert [claim.id for claim in find_claims(CLAIMS, CompareDesign(norms, sizes, epochs))] == ids.split()


@pytest.mark.parametrize("sizes", [(8, 32, 512), (512, 8, 32)])
def test_claims_speak_of_the_smallest_and_largest_batch_size_of_the_run(sizes):
    by_id = {claim.id: claim for claim in find_claims(CLAIMS, CompareDesign(THREE, sizes, 5))}
    assert by_id["A2"].comparisons[0].contrast.weights == {"batch-8": 1.0, "batch-512": -1.0}
    assert by_id["A2"].slots == {"small": 8, "large": 512}
    assert by_id["D5"].slots == {"sizes": [8, 32, 512]}
    assert len(by_id["D5"].comparisons) == 3


def test_slots_are_those_that_title_and_statement_name():
    design = CompareDesign(TWO, (16, 128), 5)
    for claim in CLAIMS:
        slots = claim.ask(design).slots
        assert claim.title.format(**slots)
        assert claim.statement.format(**slots)
        assert all(name in claim.title + claim.statement for name in slots)


def test_slot_that_a_design_does_not_have_is_an_error():
    claim = Claim("X", "beyond", "{depth}", "{depth}", lambda design: [], lambda design: True)
    with pytest.raises(KeyError, match="depth"):
        claim.ask(CompareDesign(TWO, (16,), 1))


def test_comparisons_are_contrasts_of_arms_by_measures_that_the_run_has():
    design = CompareDesign((*THREE, "rms"), (16, 128), 4)
    keys = {f"{norm}-{size}" for norm in design.norms for size in design.batch_sizes}
    for claim in find_claims(CLAIMS, design):
        assert claim.comparisons
        for contrast, measure, _ in claim.comparisons:
            assert sum(contrast.weights.values()) == 0
            assert set(contrast.weights) <= keys
            assert find_measure(measure, MEASURES).min_epochs <= design.epochs


def test_identifiers_are_unique_and_sources_known():
    assert len({claim.id for claim in CLAIMS}) == len(CLAIMS)
    assert {claim.source for claim in CLAIMS} <= set(SOURCES)
