"""Laws of the ledger: which claims a design can decide, and that they say what they compare."""

import pytest

from jaxnorm.analysis.claims import find_claims
from jaxnorm.analysis.compare import LEDGER, CompareDesign
from jaxnorm.analysis.measures import find_measure

TWO = ("batch", "layer")
THREE = ("batch", "layer", "none")


@pytest.mark.parametrize(
    ("norms", "sizes", "epochs", "ids"),
    [
        (TWO, (16, 128), 10, "A1 A2 A3 A4 A5 A6 A8 B3"),
        (THREE, (16, 128), 10, "A1 A2 A3 A4 A5 A6 A8 B1 B3 D1 D4 D5"),
        (TWO, (16, 128), 2, "A1 A2 A3 A4 A8 B3"),
        (THREE, (64,), 10, "A8 B1 B3 D1 D4 D5"),
        (("layer",), (16, 128), 10, ""),
        (("batch",), (16, 128), 10, "A2 A5"),
        (("mine", "yours"), (16, 128), 10, ""),
    ],
)
def test_ledger_offers_what_the_design_can_decide(norms, sizes, epochs, ids):
    assert [claim.id for claim in find_claims(LEDGER, CompareDesign(norms, sizes, epochs))] == ids.split()


@pytest.mark.parametrize("sizes", [(8, 32, 512), (512, 8, 32)])
def test_claims_speak_of_the_smallest_and_largest_batch_size_of_the_run(sizes):
    design = CompareDesign(THREE, sizes, 5)
    for claim in find_claims(LEDGER, design):
        assert "{" not in claim.statement
        assert "16" not in claim.statement
        assert "512" in claim.statement
    by_id = {claim.id: claim for claim in find_claims(LEDGER, design)}
    assert by_id["A2"].comparisons[0].contrast.weights == {"batch-8": 1.0, "batch-512": -1.0}
    assert len(by_id["D5"].comparisons) == 3
    assert "batch sizes 8, 32 and 512" in by_id["D5"].statement


def test_comparisons_are_contrasts_of_known_measures():
    design = CompareDesign(THREE, (16, 128), 10)
    keys = {f"{norm}-{size}" for norm in THREE for size in (16, 128)}
    for claim in find_claims(LEDGER, design):
        assert claim.comparisons
        for comparison in claim.comparisons:
            assert sum(comparison.contrast.weights.values()) == 0
            assert set(comparison.contrast.weights) <= keys
            assert find_measure(comparison.measure).min_epochs <= design.epochs


def test_ledger_identifiers_are_unique():
    assert len({entry.id for entry in LEDGER}) == len(LEDGER)
