"""The catalogue names every claim once, and what it says of who decides it is true."""

from pathlib import Path

import pytest

import jaxnorm
from jaxnorm.analysis import architectures, batch_size, compare, covariate_shift, depth, landscape, regularisation, sensitivity, sequences
from jaxnorm.analysis.catalogue import CATALOGUE

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
